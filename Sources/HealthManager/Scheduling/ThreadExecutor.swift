import DequeModule
import Dispatch
import Glibc
import Synchronization

/// Runs an actor, and tasks that prefer it, on a thread of its own, which there is whatever the cooperative pool is busy with.
///
/// A thread rather than a dispatch queue: a queue takes another of dispatch's threads each time it has something to do, which costs a probe's
/// run a tenth of its time, and memory for each of those threads. It ends with the executor.
package final class ThreadExecutor: SerialExecutor, TaskExecutor {
    private let queue = Queue()

    package init() {}

    deinit { queue.close() }

    package func enqueue(_ job: consuming ExecutorJob) { queue.add(UnownedJob(job), for: self) }

    /// What is shared with the thread, which keeps no executor alive that has nothing to do.
    private final class Queue: Sendable {
        private struct State {
            var jobs: Deque<(job: UnownedJob, executor: ThreadExecutor)> = []
            var hasThread = false
            var isWaiting = false
            var isClosed = false
        }

        private let state = Mutex(State())
        private let signal = DispatchSemaphore(value: 0)

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
            var thread = pthread_t()
            let this = Unmanaged.passRetained(self)
            let created = pthread_create(
                &thread, nil,
                { context in
                    guard let context else { return nil }
                    Unmanaged<Queue>.fromOpaque(context).takeRetainedValue().work()
                    return nil
                }, this.toOpaque())
            if created == 0 {
                pthread_detach(thread)
                return
            }
            // The system has none to give now: what is to be done waits until it has.
            this.release()
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
