import Glibc
import NIOCore
import ServiceLifecycle
import Serving

/// An address could not be bound; the description is one sentence that names the address, the cause and the setting to change.
package struct CannotListen: Error, CustomStringConvertible {
    package var description: String
}

/// One HTTP server as a service. Translates bind errors to `CannotListen`.
struct Listener: Service {
    let address: String
    let remedy: String
    let executor: LoopExecutor
    let connections: Connections
    let serve: @Sendable () async throws -> Void

    func run() async throws {
        do {
            try await withTaskExecutorPreference(executor) {
                try await withGracefulShutdownHandler {
                    try await serve()
                } onGracefulShutdown: {
                    // Hummingbird does the same, but in a task that may never get a thread to run on.
                    connections.quiesce()
                }
            }
        } catch {
            // A server that stops before its service group asks it to ends with an error; that is expected here.
            if connections.isQuiescing { return }
            guard let error = error as? IOError else { throw error }
            let why = error.errnoCode == EADDRINUSE ? "the port is in use" : String(cString: strerror(error.errnoCode))
            throw CannotListen(description: "cannot listen on \(address): \(why); \(remedy)")
        }
    }
}
