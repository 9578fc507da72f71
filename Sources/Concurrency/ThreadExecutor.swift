import DequeModule
import Dispatch
import Synchronization

/// Runs an actor, and tasks that prefer it, on a dedicated thread, so that a busy cooperative pool does not delay them.
///
/// A thread and not a dispatch queue: a queue uses another thread each time it has work, which takes a tenth of the time of a probe's run,
/// and memory for each of those threads. The thread ends with the executor.
package final class ThreadExecutor: SerialExecutor, TaskExecutor {
    private let queue: Queue

    /// - Parameter name: of the thread.
    package init(_ name: String) { queue = Queue(name) }

    deinit { queue.close() }

    package func enqueue(_ job: consuming ExecutorJob) { queue.add(UnownedJob(job), for: self) }

    /// The state shared with the thread, so that the thread does not keep an idle executor alive.
    private final class Queue: Sendable {
        private struct State {
            var jobs: Deque<(job: UnownedJob, executor: ThreadExecutor)> = []
            var hasThread = false
            var isWaiting = false
            var isClosed = false
        }

        private let name: String
        private let state = Mutex(State())
        private let signal = DispatchSemaphore(value: 0)

        init(_ name: String) { self.name = name }

        func add(_ job: UnownedJob, for executor: ThreadExecutor) {
            let (mustWake, mustStart) = state.withLock { state in
                state.jobs.append((job, executor))
                defer {
                    state.isWaiting = false
                    state.hasThread = true
                }
                return (state.isWaiting, !state.hasThread)
            }
            if mustWake { signal.signal() }
            if mustStart { start() }
        }

        func close() {
            let mustWake = state.withLock { state in
                state.isClosed = true
                defer { state.isWaiting = false }
                return state.isWaiting
            }
            if mustWake { signal.signal() }
        }

        private func start() {
            guard BackgroundThread.start(name, { self.work() }) != 0 else { return }
            // No thread can be created now: try again later; the jobs wait.
            DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(1)) { self.start() }
        }

        private enum Step {
            case run(UnownedJob, ThreadExecutor)
            case wait
            case end
        }

        private func work() {
            while true {
                let step = state.withLock { state -> Step in
                    if let (job, executor) = state.jobs.popFirst() { return .run(job, executor) }
                    if state.isClosed { return .end }
                    state.isWaiting = true
                    return .wait
                }
                switch step {
                case .run(let job, let executor):
                    job.runSynchronously(
                        isolatedTo: executor.asUnownedSerialExecutor(), taskExecutor: executor.asUnownedTaskExecutor())
                case .wait: signal.wait()
                case .end: return
                }
            }
        }
    }
}
