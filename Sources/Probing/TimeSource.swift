import Concurrency
package import FoundationEssentials

/// The clocks, injected so that tests can advance time instead of waiting.
package protocol TimeSource: Sendable {
    /// The wall clock, for dates. It may jump.
    var now: Date { get }
    /// Monotonic time since a fixed origin; keeps counting while the machine is suspended.
    var elapsed: Duration { get }
    /// Returns once `elapsed` has reached the given value; throws `CancellationError` if the task is cancelled.
    func sleep(until elapsed: Duration) async throws
}

extension TimeSource {
    /// Both clocks, read together.
    package var moment: Moment { Moment(elapsed: elapsed, date: now) }
}

/// A point in time on both clocks of a `TimeSource`.
package struct Moment: Sendable, Hashable {
    package var elapsed: Duration
    package var date: Date

    package init(elapsed: Duration, date: Date) {
        self.elapsed = elapsed
        self.date = date
    }
}

/// The system clocks.
package struct SystemTime: TimeSource {
    private let clock = ContinuousClock()
    private let origin: ContinuousClock.Instant

    package init() { origin = clock.now }

    package var now: Date { Date() }
    package var elapsed: Duration { origin.duration(to: clock.now) }

    package func sleep(until elapsed: Duration) async throws {
        while true {
            try Task.checkCancellation()
            let left = elapsed - self.elapsed
            guard left > .zero else { return }
            await AlarmClock.shared.wait(for: left)
        }
    }
}
