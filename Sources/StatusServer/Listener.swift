import Glibc
import NIOCore
import ServiceLifecycle
import Serving
import Synchronization

/// A listener that could not be opened, in one sentence.
package struct CannotListen: Error, CustomStringConvertible {
    package var description: String
}

/// One server, whose failure to listen is told in words.
struct Listener: Service {
    let address: String
    let remedy: String
    let executor: LoopExecutor
    let connections: Connections
    let serve: @Sendable () async throws -> Void

    func run() async throws {
        let isEnding = Atomic(false)
        do {
            try await withTaskExecutorPreference(executor) {
                try await withGracefulShutdownHandler {
                    try await serve()
                } onGracefulShutdown: {
                    isEnding.store(true, ordering: .relaxed)
                    // Hummingbird does the same in a task that may find no thread to run on.
                    connections.quiesce()
                }
            }
        } catch {
            // A server that has stopped before it was told to by its own group ends with an error.
            if isEnding.load(ordering: .relaxed) { return }
            guard let error = error as? IOError else { throw error }
            let why = error.errnoCode == EADDRINUSE ? "the port is in use" : String(cString: strerror(error.errnoCode))
            throw CannotListen(description: "cannot listen on \(address): \(why); \(remedy)")
        }
    }
}
