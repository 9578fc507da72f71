import Probing

/// Identifies a health set on one server; the server is empty for organization-wide and target probes.
package struct HealthSetKey: Sendable, Hashable, Comparable {
    package let healthSet: String
    package let server: String

    package init(healthSet: String, server: String) {
        self.healthSet = healthSet
        self.server = server
    }

    init(_ key: ProbeKey) { self.init(healthSet: key.identity.healthSet, server: key.server) }

    package static func < (left: HealthSetKey, right: HealthSetKey) -> Bool {
        (left.healthSet.lowercased(), left.server) < (right.healthSet.lowercased(), right.server)
    }
}

/// The number of monitors in each state, of a health set on one server.
package struct HealthSetTally: Sendable, Hashable {
    private var counts: [HealthState: Int] = [:]

    init() {}

    package subscript(state: HealthState) -> Int { counts[state] ?? 0 }

    package var isEmpty: Bool { counts.values.allSatisfy { $0 == 0 } }

    /// The worst state of the monitors; Unknown if there are none.
    package var worst: HealthState { HealthState.worstFirst.first { self[$0] > 0 } ?? .unknown }

    mutating func add(_ state: HealthState) { counts[state, default: 0] += 1 }
    mutating func remove(_ state: HealthState) { counts[state, default: 0] -= 1 }

    mutating func move(_ before: HealthState, to after: HealthState) {
        remove(before)
        add(after)
    }
}
