import Dispatch
package import FoundationEssentials
import Synchronization

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

/// The system clocks. Sleepers are woken from a dispatch queue, so a busy cooperative pool does not delay the timer.
package struct SystemTime: TimeSource {
    /// Dispatch timers stop while the machine is suspended, and `elapsed` does not: after a resume, no sleeper is later than this.
    private static let longestNap: Duration = .seconds(10)

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
            await Alarm().ring(after: min(left, Self.longestNap))
        }
    }
}

/// Wakes one task once.
private final class Alarm: Sendable {
    private enum State {
        case set
        case waiting(CheckedContinuation<Void, Never>)
        case rung
    }

    private static let queue = DispatchQueue(label: "alarms")

    private let state = Mutex(State.set)

    /// Returns after the given time, or when the task is cancelled.
    func ring(after time: Duration) async {
        let timer = DispatchSource.makeTimerSource(queue: Self.queue)
        let nanoseconds = Int((time / .nanoseconds(1)).rounded(.up))
        timer.schedule(deadline: .now() + .nanoseconds(nanoseconds), leeway: .nanoseconds(0))
        timer.setEventHandler { self.ring() }
        timer.resume()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let hasRung = state.withLock { state in
                    if case .rung = state { return true }
                    state = .waiting(continuation)
                    return false
                }
                if hasRung { continuation.resume() }
            }
        } onCancel: {
            ring()
        }
        timer.cancel()
    }

    private func ring() {
        let waiting = state.withLock { state in
            defer { state = .rung }
            return if case .waiting(let continuation) = state { continuation } else { CheckedContinuation<Void, Never>?.none }
        }
        waiting?.resume()
    }
}
