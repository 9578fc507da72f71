package import FoundationEssentials
import Probing
import Synchronization

/// A clock that stands still until a test moves it.
package final class ManualTime: TimeSource {
    private struct State {
        var elapsed: Duration = .zero
        var now: Date
        var next = 0
        var sleepers: [Int: (until: Duration, continuation: CheckedContinuation<Void, any Error>)] = [:]
    }

    private let state: Mutex<State>

    package init(now: Date = Date(timeIntervalSince1970: 1_800_000_000)) { state = Mutex(State(now: now)) }

    package var now: Date { state.withLock(\.now) }
    package var elapsed: Duration { state.withLock(\.elapsed) }

    package func sleep(until elapsed: Duration) async throws {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                state.withLock { state in
                    if Task.isCancelled {
                        continuation.resume(throwing: CancellationError())
                    } else if state.elapsed >= elapsed {
                        continuation.resume()
                    } else {
                        state.sleepers[id] = (elapsed, continuation)
                    }
                }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: id)?.continuation.resume(throwing: CancellationError()) }
        }
    }

    /// Moves both clocks on and wakes who waited for that.
    package func advance(by duration: Duration) {
        state.withLock { state in
            state.elapsed += duration
            state.now += duration / .seconds(1)
            for (id, sleeper) in state.sleepers where sleeper.until <= state.elapsed {
                state.sleepers[id] = nil
                sleeper.continuation.resume()
            }
        }
    }

    /// The wall clock jumps, the monotonic one does not.
    package func jump(by interval: TimeInterval) { state.withLock { $0.now += interval } }
}
