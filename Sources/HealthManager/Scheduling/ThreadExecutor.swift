import Dispatch

/// Runs an actor, and tasks that prefer it, on a queue of its own, which has a thread whatever the cooperative pool is busy with.
package final class ThreadExecutor: SerialExecutor, TaskExecutor {
    private let queue: DispatchQueue

    package init(_ label: String) { queue = DispatchQueue(label: label) }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(isolatedTo: self.asUnownedSerialExecutor(), taskExecutor: self.asUnownedTaskExecutor()) }
    }
}
