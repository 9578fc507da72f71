package import NIOCore
import NIOPosix

/// Runs tasks on one event loop's thread.
///
/// A request is read, answered and written by the thread of its connection, which hands nothing over. And what runs on a thread of its own
/// goes on however many probes occupy the threads that tasks share.
package final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    package init(_ loop: any EventLoop) { self.loop = loop }

    /// On a thread of its own, for as long as the process lives.
    package static func ownThread() -> LoopExecutor { LoopExecutor(MultiThreadedEventLoopGroup(numberOfThreads: 1).next()) }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
