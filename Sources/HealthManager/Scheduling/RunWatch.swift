import Concurrency
import Probing
import Synchronization

/// Cancels runs that exceed their limit, and stops waiting for those that do not end then.
///
/// There is one timer for all runs, set to the earliest limit when a run begins. The check has its own thread, so that no run can delay the
/// timeout of another.
final class RunWatch: Sendable {
    enum Ending: Sendable {
        case finished(Outcome)
        /// It ended after it was cancelled.
        case overran(Outcome)
        /// It was cancelled and has not ended yet.
        case unanswered(LateRun)
        /// The calling task was cancelled, or the client left.
        case abandoned
    }

    private struct Run {
        var limit: Duration
        /// The scheduled run it belongs to; nil for a run on request.
        var planned: PlannedRun?
        /// Nil once the caller has stopped waiting.
        var continuation: CheckedContinuation<Ending, Never>?
        var task: Task<Void, Never>?
        /// When it was cancelled because it exceeded its limit; nil if it was not.
        var cancelled: Duration?
        /// Receives whether the run became Poisoned, once the caller has stopped waiting.
        var late: AsyncStream<Bool>.Continuation?

        /// When it must be cancelled, left unanswered or given up, whichever is next.
        func due(grace: Duration) -> Duration {
            guard let cancelled else { return limit }
            return cancelled + (continuation == nil ? grace : min(RunWatch.answersWithin, grace))
        }
    }

    private struct State {
        var runs: [UInt64: Run] = [:]
        var numbers: UInt64 = 0
        /// When the next check is due, as `TimeSource.elapsed`; nil if none is.
        var nextLook: Duration?
        /// The number of the task that makes it.
        var looker = 0
        /// The task; nil while it is being started.
        var look: Task<Void, Never>?

        /// Plans a check, unless one is due before.
        /// - Returns: the number of the task that must be started for it, and the task that it replaces.
        mutating func look(at time: Duration) -> (looker: Int, replaced: Task<Void, Never>?)? {
            if let nextLook, nextLook <= time { return nil }
            nextLook = time
            looker += 1
            return (looker, look.take())
        }
    }

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

    /// Returns when the work has ended, shortly after its limit, or immediately if the calling task is cancelled or the client leaves.
    /// - Parameter limit: as `TimeSource.elapsed`.
    /// - Parameter work: always runs on the probe threads.
    func run(until limit: Duration, planned: PlannedRun?, client: Abandonment?, _ work: @escaping @Sendable () async -> Outcome) async
        -> Ending
    {
        let number = state.withLock { state in
            state.numbers += 1
            return state.numbers
        }
        defer { client?.onAbandon(nil) }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let look = state.withLock { state in
                    state.runs[number] = Run(limit: limit, planned: planned, continuation: continuation)
                    return state.look(at: limit)
                }
                // Unstructured, because a run that ignores cancellation must be abandoned, which is not possible with a child task.
                // Nobody waits for a scheduled run.
                let task = Task(executorPreference: ProbeThreads.shared, priority: planned == nil ? nil : .utility) {
                    self.end(number, with: await work())
                }
                let isOver = state.withLock { state in
                    state.runs[number]?.task = task
                    return state.runs[number]?.cancelled != nil
                }
                if isOver { task.cancel() }
                client?.onAbandon { self.abandon(number) }
                // The calling task was cancelled before the run was registered.
                if Task.isCancelled { abandon(number) }
                if let (looker, replaced) = look { self.look(as: looker, replacing: replaced) }
            }
        } onCancel: {
            abandon(number)
        }
    }

    /// Cancels the scheduled runs that nobody needs any more, and stops waiting for them.
    func abandon(where isUnneeded: (PlannedRun) -> Bool) {
        let numbers = state.withLock { $0.runs.filter { $0.value.planned.map(isUnneeded) ?? false }.map(\.key) }
        for number in numbers { abandon(number) }
    }

    private func abandon(_ number: UInt64) {
        // If it is not registered yet or has no task yet, `run` checks for cancellation again.
        let run = state.withLock { state in state.runs[number]?.task == nil ? nil : state.runs.removeValue(forKey: number) }
        run?.task?.cancel()
        run?.continuation?.resume(returning: .abandoned)
        run?.late?.finish()
    }

    private func end(_ number: UInt64, with outcome: Outcome) {
        guard let run = state.withLock({ $0.runs.removeValue(forKey: number) }) else { return }
        run.continuation?.resume(returning: run.cancelled == nil ? .finished(outcome) : .overran(outcome))
        run.late?.yield(false)
        run.late?.finish()
    }

    private func look(as looker: Int, replacing replaced: Task<Void, Never>?) {
        replaced?.cancel()
        let task = Task(executorPreference: Self.thread) { await self.look(as: looker) }
        let isReplaced = state.withLock { state in
            if state.looker == looker { state.look = task }
            return state.looker != looker
        }
        if isReplaced { task.cancel() }
    }

    private func look(as looker: Int) async {
        while let due = state.withLock({ $0.looker == looker ? $0.nextLook : nil }) {
            try? await time.sleep(until: due)
            let now = time.elapsed
            var over: [Task<Void, Never>] = []
            var unanswered: [(CheckedContinuation<Ending, Never>, LateRun)] = []
            var poisoned: [AsyncStream<Bool>.Continuation] = []
            state.withLock { state in
                guard state.looker == looker else { return }
                var next: Duration?
                for (number, run) in state.runs {
                    var due = run.due(grace: grace)
                    if due <= now {
                        if run.cancelled == nil {
                            state.runs[number]?.cancelled = now
                            if let task = run.task { over.append(task) }
                        } else if let continuation = run.continuation {
                            let (verdict, late) = AsyncStream.makeStream(of: Bool.self)
                            unanswered.append((continuation, LateRun(verdict: verdict)))
                            state.runs[number]?.continuation = nil
                            state.runs[number]?.late = late
                        } else {
                            if let late = run.late { poisoned.append(late) }
                            state.runs[number] = nil
                        }
                        guard let run = state.runs[number] else { continue }
                        due = run.due(grace: grace)
                    }
                    next = next.map { min($0, due) } ?? due
                }
                state.nextLook = next
            }
            for task in over { task.cancel() }
            for (continuation, late) in unanswered { continuation.resume(returning: .unanswered(late)) }
            for late in poisoned {
                late.yield(true)
                late.finish()
            }
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
