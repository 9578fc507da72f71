package import FoundationEssentials

/// The overrides and maintenance in force or scheduled. A pure value.
package struct DecisionBook: Sendable {
    package private(set) var overrides: [Override]
    package private(set) var maintenance: [Maintenance]
    /// Overrides past their end while dates are in doubt: not in force, but they may be again.
    private var lapsed: [Override] = []
    /// Until when such overrides and maintenance are kept, as `TimeSource.elapsed`.
    private var held: [UUID: Duration] = [:]
    package let version: String

    /// - Parameter version: this agent's version, at which overrides may end.
    package init(overrides: [Override] = [], maintenance: [Maintenance] = [], version: String) {
        self.overrides = overrides
        self.maintenance = maintenance
        self.version = version
    }

    /// Adds an override and replaces one with the same key.
    package mutating func add(_ override: Override) {
        let replaced = (overrides + lapsed).filter { $0.key == override.key }
        for old in replaced { held[old.id] = nil }
        lapsed.removeAll { $0.key == override.key }
        overrides.removeAll { $0.key == override.key }
        overrides.append(override)
    }

    /// Removes the override with the same id, if it is there.
    package mutating func remove(_ override: Override) { overrides.removeAll { $0.id == override.id } }

    /// Adds maintenance and replaces one with the same key.
    package mutating func add(_ new: Maintenance) {
        for old in maintenance where old.key == new.key { remove(old) }
        maintenance.append(new)
    }

    /// Removes the maintenance with the same id, if it is there.
    package mutating func remove(_ old: Maintenance) {
        held[old.id] = nil
        maintenance.removeAll { $0.id == old.id }
    }

    /// Removes what has expired.
    /// - Parameter doubt: until when dates are in doubt, as `TimeSource.elapsed`; what expires until then is kept, and is in force again if
    ///   the clock is corrected.
    /// - Returns: what has ended permanently, and whether the set of overrides in force has changed.
    package mutating func expire(
        at date: Date, _ elapsed: Duration, doubt: Duration?
    ) -> (overrides: [Override], maintenance: [Maintenance], isChanged: Bool) {
        let before = overrides.map(\.id)
        let (all, due) = (overrides + lapsed, maintenance)
        (overrides, lapsed, maintenance) = ([], [], [])
        var ended: [Override] = []
        var past: [Maintenance] = []
        for override in all {
            switch fate(override.id, isOver: !override.isInForce(at: date, version: version), elapsed, doubt) {
            case .stands: overrides.append(override)
            case .held: lapsed.append(override)
            case .ends: ended.append(override)
            }
        }
        for entry in due {
            if case .ends = fate(entry.id, isOver: entry.isOver(at: date), elapsed, doubt) {
                past.append(entry)
            } else {
                maintenance.append(entry)
            }
        }
        return (ended, past, overrides.map(\.id) != before)
    }

    private enum Fate { case stands, held, ends }

    private mutating func fate(_ id: UUID, isOver: Bool, _ elapsed: Duration, _ doubt: Duration?) -> Fate {
        let until = held.removeValue(forKey: id) ?? doubt
        guard isOver else { return .stands }
        guard let until, elapsed < until else { return .ends }
        held[id] = until
        return .held
    }

    /// When the first of the kept entries ends permanently, as `TimeSource.elapsed`.
    package var nextHeld: Duration? { held.values.min() }

    /// The next date at which an override or maintenance starts or ends; nil if there is none.
    package func nextChange(after date: Date) -> Date? {
        let ends = overrides.compactMap { if case .date(let end) = $0.end, end > date { end } else { nil } }
        return (ends + maintenance.compactMap { $0.nextChange(after: date) }).min()
    }

    /// When the maintenance that covers a health set on a server started; nil if none is in force.
    package func inactive(_ healthSet: String, server: String, at date: Date) -> Date? {
        maintenance.inactive(healthSet, server: server, at: date)
    }

    /// The maintenance in force.
    package func inForce(at date: Date) -> [Maintenance] { maintenance.filter { $0.start(at: date) != nil } }
}
