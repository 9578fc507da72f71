/// How many monitors of a health set on one server are in each state.
package struct HealthSetTally: Sendable, Hashable {
    private var counts: [HealthState: Int] = [:]

    init() {}

    package subscript(state: HealthState) -> Int { counts[state] ?? 0 }

    package var isEmpty: Bool { counts.values.allSatisfy { $0 == 0 } }

    /// As bad as the worst; Unknown of none.
    package var worst: HealthState { HealthState.worstFirst.first { self[$0] > 0 } ?? .unknown }

    mutating func add(_ state: HealthState) { counts[state, default: 0] += 1 }
    mutating func remove(_ state: HealthState) { counts[state, default: 0] -= 1 }

    mutating func move(_ before: HealthState, to after: HealthState) {
        remove(before)
        add(after)
    }
}
