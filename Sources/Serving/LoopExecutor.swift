package import NIOCore

/// Runs tasks on an event loop, so that a request is read, processed and answered on one thread without context switches.
///
/// It also keeps requests independent of probes, which run on other threads.
package final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    package init(_ loop: any EventLoop) { self.loop = loop }

    /// Called by the Swift runtime.
    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
