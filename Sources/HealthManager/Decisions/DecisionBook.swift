package import FoundationEssentials

/// What administrators have decided and what is still in force of it. A pure value.
package struct DecisionBook: Sendable {
    package private(set) var overrides: [Override]
    package private(set) var maintenance: [Maintenance]
    /// Those whose date is over while dates are in doubt: they are not in force, and may be again.
    private var lapsed: [Override] = []
    /// Until when those are kept, and maintenance in the same case.
    private var held: [UUID: Duration] = [:]
    package let version: String

    package init(overrides: [Override] = [], maintenance: [Maintenance] = [], version: String) {
        self.overrides = overrides
        self.maintenance = maintenance
        self.version = version
    }

    mutating func add(_ override: Override) {
        let replaced = (overrides + lapsed).filter { $0.key == override.key }
        for old in replaced { held[old.id] = nil }
        lapsed.removeAll { $0.key == override.key }
        overrides.removeAll { $0.key == override.key }
        overrides.append(override)
    }

    mutating func remove(_ override: Override) { overrides.removeAll { $0.id == override.id } }

    mutating func add(_ new: Maintenance) {
        for old in maintenance where old.key == new.key { remove(old) }
        maintenance.append(new)
    }

    mutating func remove(_ old: Maintenance) {
        held[old.id] = nil
        maintenance.removeAll { $0.id == old.id }
    }

    /// Takes out what has ended by itself.
    /// - Parameter doubt: until when the date may be wrong, on the monotonic clock; what it ends now is not in force, but is kept until then, and
    ///   may come back.
    /// - Returns: what has ended for good, and whether other overrides are in force now.
    mutating func expire(
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

    /// When the first of what is held back ends for good, on the monotonic clock.
    var nextHeld: Duration? { held.values.min() }

    /// The next date at which something ends or begins by itself.
    package func nextChange(after date: Date) -> Date? {
        let ends = overrides.compactMap { if case .date(let end) = $0.end, end > date { end } else { nil } }
        return (ends + maintenance.compactMap { $0.nextChange(after: date) }).min()
    }

    /// Since when a health set on a server is inactive; nil while it is active.
    package func inactive(_ healthSet: String, server: String, at date: Date) -> Date? {
        maintenance.filter { $0.covers(healthSet: healthSet, server: server) }.compactMap { $0.start(at: date) }.min()
    }

    /// The maintenance in force.
    package func inForce(at date: Date) -> [Maintenance] { maintenance.filter { $0.start(at: date) != nil } }
}
