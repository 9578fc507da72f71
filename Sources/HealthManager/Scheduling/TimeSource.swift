package import FoundationEssentials

/// The clocks, handed in from outside: tests advance time instead of waiting.
package protocol TimeSource: Sendable {
    /// The wall clock: for what people and certificates call a date. It may jump.
    var now: Date { get }
    /// Time passed since some fixed moment, counting also while the machine sleeps; never goes back.
    var elapsed: Duration { get }
    /// Returns once `elapsed` has reached that value; throws `CancellationError` when the task is cancelled.
    func sleep(until elapsed: Duration) async throws
}

/// The machine's own clocks.
package struct SystemTime: TimeSource {
    private let clock = ContinuousClock()
    private let origin: ContinuousClock.Instant

    package init() { origin = clock.now }

    package var now: Date { Date() }
    package var elapsed: Duration { origin.duration(to: clock.now) }

    package func sleep(until elapsed: Duration) async throws {
        try await clock.sleep(until: origin.advanced(by: elapsed), tolerance: .zero)
    }
}
