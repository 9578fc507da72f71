import Synchronization

/// Looks after runs under way: cancels those whose time is over, and leaves behind those that do not end then.
///
/// One look at all of them every tenth of a second, and only while there are any: no run has a timer of its own.
final class RunWatch: Sendable {
    enum Ending: Sendable {
        case finished(Outcome)
        /// It ended, but only because it was cancelled.
        case overran(Outcome)
        case poisoned
    }

    private struct Run {
        var limit: Duration
        var continuation: CheckedContinuation<Ending, Never>
        var task: Task<Void, Never>?
        var isOver = false
    }

    private struct State {
        var runs: [UInt64: Run] = [:]
        var numbers: UInt64 = 0
        var isLooking = false
    }

    private static let interval: Duration = .milliseconds(100)

    private let time: any TimeSource
    private let grace: Duration
    private let state = Mutex(State())

    init(time: any TimeSource, grace: Duration) {
        self.time = time
        self.grace = grace
    }

    /// Returns when the work has ended, or `grace` after its limit, or at once when the calling task is cancelled (then it says `poisoned`).
    func run(until limit: Duration, on executor: (any TaskExecutor)?, _ work: @escaping @Sendable () async -> Outcome) async -> Ending {
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
                let task = Task(executorPreference: executor) { self.end(number, with: await work()) }
                state.withLock { $0.runs[number]?.task = task }
                // Cancelled before there was anything to cancel.
                if Task.isCancelled { abandon(number) }
                if mustLook { Task { await self.look() } }
            }
        } onCancel: {
            abandon(number)
        }
    }

    private func abandon(_ number: UInt64) {
        // Not registered yet, or without its task: whoever registers looks again.
        let run = state.withLock { state in state.runs[number]?.task == nil ? nil : state.runs.removeValue(forKey: number) }
        run?.task?.cancel()
        run?.continuation.resume(returning: .poisoned)
    }

    private func end(_ number: UInt64, with outcome: Outcome) {
        guard let run = state.withLock({ $0.runs.removeValue(forKey: number) }) else { return }
        run.continuation.resume(returning: run.isOver ? .overran(outcome) : .finished(outcome))
    }

    private func look() async {
        while true {
            try? await time.sleep(until: time.elapsed + Self.interval)
            let now = time.elapsed
            var over: [Task<Void, Never>] = []
            var poisoned: [CheckedContinuation<Ending, Never>] = []
            let isDone = state.withLock { state in
                for (number, run) in state.runs where run.limit <= now {
                    if run.limit + grace <= now, run.isOver {
                        poisoned.append(run.continuation)
                        state.runs[number] = nil
                    } else if !run.isOver {
                        state.runs[number]?.isOver = true
                        if let task = run.task { over.append(task) }
                    }
                }
                state.isLooking = !state.runs.isEmpty
                return !state.isLooking
            }
            for task in over { task.cancel() }
            for continuation in poisoned { continuation.resume(returning: .poisoned) }
            if isDone { return }
        }
    }
}
