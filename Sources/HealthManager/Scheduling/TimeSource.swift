import Dispatch
package import FoundationEssentials
import Synchronization

/// The clocks, handed in from outside: tests advance time instead of waiting.
package protocol TimeSource: Sendable {
    /// The wall clock: for what people and certificates call a date. It may jump.
    var now: Date { get }
    /// Time passed since some fixed moment, counting also while the machine sleeps; never goes back.
    var elapsed: Duration { get }
    /// Returns once `elapsed` has reached that value; throws `CancellationError` when the task is cancelled.
    func sleep(until elapsed: Duration) async throws
}

/// The machine's own clocks. Who sleeps is woken by a thread of its own: no work that occupies the cooperative pool makes it late.
package struct SystemTime: TimeSource {
    /// A timer stands still while the machine sleeps, and `elapsed` does not: nobody is late by more than this after that.
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

    /// Returns after that time, or when the task is cancelled.
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
