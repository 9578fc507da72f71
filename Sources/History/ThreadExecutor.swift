import Dispatch

/// Runs an actor on a queue of its own: what blocks there keeps none of Swift's few shared threads from their work.
final class ThreadExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "history")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
