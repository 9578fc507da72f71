/// The one timer of a loop that must wake at the earliest of several times, which change from turn to turn.
package struct DueTimer: Sendable {
    private var armed: Duration?

    package init() {}

    /// Starts a task that sleeps until `due` and then rings, unless one that was started before rings earlier, or nothing is due. Called at
    /// the end of each turn of the loop.
    /// - Parameters:
    ///   - now: the time by the same clock as `due`.
    ///   - sleep: returns at the given time; throws if it is cancelled, and the timer then does not ring.
    ///   - ring: makes the loop turn.
    package mutating func arm(
        _ due: Duration?, now: Duration, in tasks: inout DiscardingTaskGroup, sleep: @escaping @Sendable (Duration) async throws -> Void,
        ring: @escaping @Sendable () -> Void
    ) {
        if let armed, armed <= now { self.armed = nil }
        guard let due, armed.map({ due < $0 }) ?? true else { return }
        armed = due
        tasks.addTask {
            guard (try? await sleep(due)) != nil else { return }
            ring()
        }
    }
}
