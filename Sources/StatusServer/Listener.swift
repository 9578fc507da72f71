import Glibc
import NIOCore
import ServiceLifecycle
import Serving

/// An address could not be bound; the description is one sentence that names the address, the cause and the setting to change.
package struct CannotListen: Error, CustomStringConvertible {
    package var description: String

    package init(description: String) { self.description = description }
}

/// One HTTP server as a service. Translates bind errors to `CannotListen`.
struct Listener: Service {
    let address: String
    let remedy: String
    let socket: ListeningSocket
    let executor: LoopExecutor
    let server: HTTPServer
    let onListening: @Sendable (any Channel) async -> Void

    func run() async throws {
        do {
            try await withTaskExecutorPreference(executor) { try await server.run(on: socket, onListening: onListening) }
        } catch let error as IOError {
            let why = error.errnoCode == EADDRINUSE ? "the port is in use" : String(cString: strerror(error.errnoCode))
            throw CannotListen(description: "cannot listen on \(address): \(why); \(remedy)")
        } catch let error as ChannelError where error == .eof {
            throw CannotListen(description: "the socket of \(address) accepts no more connections: restart the agent")
        }
    }
}
