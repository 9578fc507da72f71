import CMalloc
import ServiceLifecycle

/// Gives memory that is free back to the system, now and then.
///
/// The C library keeps what it was given back for as long as something above it is in use. After a wave (the first runs of thousands of probes,
/// peers that flood) that is as much again as the agent needs.
struct MemoryReturn: Service {
    private static let interval: Duration = .seconds(30)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: Self.interval)) != nil { malloc_trim(0) }
        }
    }
}
