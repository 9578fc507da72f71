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

    /// - Returns: the one it takes the place of.
    mutating func add(_ override: Override) -> Override? {
        let older = overrides.firstIndex { $0.replaces(override) }.map { overrides.remove(at: $0) }
        overrides.append(override)
        return older
    }

    mutating func remove(override id: UUID) { overrides.removeAll { $0.id == id } }

    /// - Returns: the one it takes the place of: a requester has one word on a component.
    mutating func add(_ new: Maintenance) -> Maintenance? {
        let older = maintenance.firstIndex {
            $0.server.lowercased() == new.server.lowercased() && $0.component.lowercased() == new.component.lowercased()
                && $0.requester.lowercased() == new.requester.lowercased()
        }.map { maintenance.remove(at: $0) }
        maintenance.append(new)
        return older
    }

    mutating func remove(maintenance id: UUID) { maintenance.removeAll { $0.id == id } }

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
