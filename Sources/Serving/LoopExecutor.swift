package import NIOCore

/// Runs tasks on the event loop that serves them: a request is read, answered and written by one thread, which hands nothing over.
///
/// It also keeps answers apart from probes: those run elsewhere, and however many do, this thread is free.
package final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    package init(_ loop: any EventLoop) { self.loop = loop }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
