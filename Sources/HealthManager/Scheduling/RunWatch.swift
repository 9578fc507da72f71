import Concurrency
import Probing
import Synchronization

/// Cancels runs that exceed their limit, and stops waiting for those that do not end then.
///
/// All runs are checked every 100 ms while there are any, instead of one timer per run. The check has its own thread, so that no run can
/// delay the timeout of another.
final class RunWatch: Sendable {
    enum Ending: Sendable {
        case finished(Outcome)
        /// It ended after it was cancelled.
        case overran(Outcome)
        /// It was cancelled and has not ended yet.
        case unanswered(LateRun)
        /// The calling task was cancelled.
        case abandoned
    }

    private struct Run {
        var limit: Duration
        /// Nil once the caller has stopped waiting.
        var continuation: CheckedContinuation<Ending, Never>?
        var task: Task<Void, Never>?
        /// When it was cancelled because it exceeded its limit; nil if it was not.
        var cancelled: Duration?
        /// Receives whether the run became Poisoned, once the caller has stopped waiting.
        var late: AsyncStream<Bool>.Continuation?
    }

    private struct State {
        var runs: [UInt64: Run] = [:]
        var numbers: UInt64 = 0
        var isLooking = false
    }

    private static let interval: Duration = .milliseconds(100)
    /// How long to wait for the outcome of a cancelled run.
    private static let answersWithin: Duration = .milliseconds(200)
    private static let thread = ThreadExecutor("run-watch")

    private let time: any TimeSource
    private let grace: Duration
    private let state = Mutex(State())

    init(time: any TimeSource, grace: Duration) {
        self.time = time
        self.grace = grace
    }

    /// Returns when the work has ended, shortly after its limit, or immediately if the calling task is cancelled.
    /// - Parameter limit: as `TimeSource.elapsed`.
    /// - Parameter work: always runs on the probe threads.
    func run(until limit: Duration, _ work: @escaping @Sendable () async -> Outcome) async -> Ending {
        let number = state.withLock { state in
            state.numbers += 1
            return state.numbers
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustLook = state.withLock { state in
                    state.runs[number] = Run(limit: limit, continuation: continuation)
                    defer { state.isLooking = true }
                    return !state.isLooking
                }
                // Unstructured, because a run that ignores cancellation must be abandoned, which is not possible with a child task.
                let task = Task(executorPreference: ProbeThreads.shared) { self.end(number, with: await work()) }
                state.withLock { $0.runs[number]?.task = task }
                // The calling task was cancelled before the run was registered.
                if Task.isCancelled { abandon(number) }
                if mustLook { Task(executorPreference: Self.thread) { await self.look() } }
            }
        } onCancel: {
            abandon(number)
        }
    }

    private func abandon(_ number: UInt64) {
        // If it is not registered yet or has no task yet, `run` checks for cancellation again.
        let run = state.withLock { state in state.runs[number]?.task == nil ? nil : state.runs.removeValue(forKey: number) }
        run?.task?.cancel()
        run?.continuation?.resume(returning: .abandoned)
    }

    private func end(_ number: UInt64, with outcome: Outcome) {
        guard let run = state.withLock({ $0.runs.removeValue(forKey: number) }) else { return }
        run.continuation?.resume(returning: run.cancelled == nil ? .finished(outcome) : .overran(outcome))
        run.late?.yield(false)
        run.late?.finish()
    }

    private func look() async {
        while true {
            try? await time.sleep(until: time.elapsed + Self.interval)
            ProbeThreads.shared.relieve()
            let now = time.elapsed
            var over: [Task<Void, Never>] = []
            var unanswered: [(CheckedContinuation<Ending, Never>, LateRun)] = []
            var poisoned: [AsyncStream<Bool>.Continuation] = []
            let isDone = state.withLock { state in
                for (number, run) in state.runs where run.limit <= now {
                    guard let cancelled = run.cancelled else {
                        state.runs[number]?.cancelled = now
                        if let task = run.task { over.append(task) }
                        continue
                    }
                    if let continuation = run.continuation {
                        guard cancelled + min(Self.answersWithin, grace) <= now else { continue }
                        let (verdict, late) = AsyncStream.makeStream(of: Bool.self)
                        unanswered.append((continuation, LateRun(verdict: verdict)))
                        state.runs[number]?.continuation = nil
                        state.runs[number]?.late = late
                    } else if cancelled + grace <= now {
                        if let late = run.late { poisoned.append(late) }
                        state.runs[number] = nil
                    }
                }
                state.isLooking = !state.runs.isEmpty
                return !state.isLooking
            }
            for task in over { task.cancel() }
            for (continuation, late) in unanswered { continuation.resume(returning: .unanswered(late)) }
            for late in poisoned {
                late.yield(true)
                late.finish()
            }
            if isDone { return }
        }
    }
}

/// A run that did not end when it was cancelled; its result was recorded without its outcome.
struct LateRun: Sendable {
    fileprivate let verdict: AsyncStream<Bool>

    /// Waits until the run ends or its grace period is over. Must be called at most once.
    /// - Returns: whether it was still running after the grace period; false also if the calling task is cancelled.
    func isPoisoned() async -> Bool {
        for await isPoisoned in verdict { return isPoisoned }
        return false
    }
}
