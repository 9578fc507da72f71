import Synchronization

/// Looks after runs under way: cancels those whose time is over, and goes on without those that do not answer then.
///
/// One look at all of them every tenth of a second, and only while there are any: no run has a timer of its own. The looks have a thread of
/// their own: no run can keep another from ending by the clock.
final class RunWatch: Sendable {
    enum Ending: Sendable {
        case finished(Outcome)
        /// It ended, but only because it was cancelled.
        case overran(Outcome)
        /// It was cancelled and has not ended yet.
        case unanswered(LateRun)
        /// The calling task was cancelled.
        case abandoned
    }

    private struct Run {
        var limit: Duration
        /// Nil once the caller has gone on without an answer.
        var continuation: CheckedContinuation<Ending, Never>?
        var task: Task<Void, Never>?
        /// When it was cancelled because its time was over.
        var cancelled: Duration?
        /// For who wants to know what becomes of a run that did not answer.
        var late: AsyncStream<Bool>.Continuation?
    }

    private struct State {
        var runs: [UInt64: Run] = [:]
        var numbers: UInt64 = 0
        var isLooking = false
    }

    private static let interval: Duration = .milliseconds(100)
    /// How long a cancelled run may take to say how far it came.
    private static let answersWithin: Duration = .milliseconds(200)
    private static let thread = ThreadExecutor()

    private let time: any TimeSource
    private let grace: Duration
    private let state = Mutex(State())

    init(time: any TimeSource, grace: Duration) {
        self.time = time
        self.grace = grace
    }

    /// Returns when the work has ended, or shortly after its limit, or at once when the calling task is cancelled.
    /// - Parameter work: runs on the threads for probes, wherever this is called from.
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
                // Unstructured: a run that ignores cancellation can only be left behind, and no structured child can be.
                let task = Task(executorPreference: ProbeThreads.shared) { self.end(number, with: await work()) }
                state.withLock { $0.runs[number]?.task = task }
                // Cancelled before there was anything to cancel.
                if Task.isCancelled { abandon(number) }
                if mustLook { Task(executorPreference: Self.thread) { await self.look() } }
            }
        } onCancel: {
            abandon(number)
        }
    }

    private func abandon(_ number: UInt64) {
        // Not registered yet, or without its task: whoever registers looks again.
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

/// A run that was told to end and has not answered: its result is recorded without it.
struct LateRun: Sendable {
    fileprivate let verdict: AsyncStream<Bool>

    /// Waits until that is known; asked once.
    /// - Returns: whether it goes on although its grace is over; false also where the calling task is cancelled.
    func isPoisoned() async -> Bool {
        for await isPoisoned in verdict { return isPoisoned }
        return false
    }
}
