import CLinux
import Glibc

/// A separate thread for work that may block, or that must not be delayed by a busy cooperative pool.
package enum BackgroundThread {
    /// Starts a detached thread that ends when `work` returns.
    /// - Parameter name: shown by `top -H` and debuggers; the kernel keeps 15 bytes of it.
    /// - Returns: 0, or the error code of `pthread_create`; `work` is then released without having run.
    package static func start(_ name: String, _ work: @escaping @Sendable () -> Void) -> Int32 {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(
            Work {
                agent_name_thread(name)
                work()
            })
        let code = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard code == 0 else {
            context.release()
            return code
        }
        pthread_detach(thread)
        return 0
    }

    private final class Work: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
