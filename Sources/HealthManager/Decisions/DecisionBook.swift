package import FoundationEssentials

/// What administrators have decided and what is still in force of it. A pure value.
package struct DecisionBook: Sendable {
    package private(set) var overrides: [Override]
    package private(set) var maintenance: [Maintenance]
    package let version: String

    package init(overrides: [Override] = [], maintenance: [Maintenance] = [], version: String) {
        self.overrides = overrides
        self.maintenance = maintenance
        self.version = version
    }

    mutating func add(_ override: Override) {
        overrides.removeAll { $0.key == override.key }
        overrides.append(override)
    }

    mutating func remove(_ override: Override) { overrides.removeAll { $0.id == override.id } }

    mutating func add(_ new: Maintenance) {
        maintenance.removeAll { $0.key == new.key }
        maintenance.append(new)
    }

    mutating func remove(_ old: Maintenance) { maintenance.removeAll { $0.id == old.id } }

    /// Takes out what has ended by itself.
    mutating func expire(at date: Date) -> (overrides: [Override], maintenance: [Maintenance]) {
        let over = overrides.filter { !$0.isInForce(at: date, version: version) }
        let past = maintenance.filter { $0.isOver(at: date) }
        overrides.removeAll { override in over.contains { $0.id == override.id } }
        maintenance.removeAll { entry in past.contains { $0.id == entry.id } }
        return (over, past)
    }

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
