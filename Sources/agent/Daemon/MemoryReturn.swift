import CLinux
import ServiceLifecycle

/// Returns free heap memory to the system every 30 seconds.
///
/// The C library keeps freed memory as long as memory above it is in use. After a peak (the first runs of thousands of probes, flooding
/// peers), that can double the memory use of the agent.
struct MemoryReturn: Service {
    private static let interval: Duration = .seconds(30)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: Self.interval)) != nil { malloc_trim(0) }
        }
    }
}
