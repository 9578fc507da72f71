import Glibc
import NIOCore
import ServiceLifecycle
import Serving
import Synchronization

/// An address could not be bound; the description is one sentence that names the address, the cause and the setting to change.
package struct CannotListen: Error, CustomStringConvertible {
    package var description: String
}

/// The channel of a listener, once it is bound.
final class BoundChannel: Sendable {
    private let channel = Mutex<(any Channel)?>(nil)

    func set(_ channel: any Channel) { self.channel.withLock { $0 = channel } }

    func close() { channel.withLock(\.self)?.close(promise: nil) }
}

/// One HTTP server as a service. Translates bind errors to `CannotListen`.
struct Listener: Service {
    let address: String
    let remedy: String
    let executor: LoopExecutor
    let connections: Connections
    let bound: BoundChannel
    let serve: @Sendable () async throws -> Void

    func run() async throws {
        let isEnding = Atomic(false)
        do {
            try await withTaskExecutorPreference(executor) {
                try await withGracefulShutdownHandler {
                    try await serve()
                } onGracefulShutdown: {
                    isEnding.store(true, ordering: .relaxed)
                    // Hummingbird does the same, but in a task that may never get a thread to run on.
                    bound.close()
                    connections.quiesce()
                }
            }
        } catch {
            // A server that stops before its service group asks it to ends with an error; that is expected here.
            if isEnding.load(ordering: .relaxed) { return }
            guard let error = error as? IOError else { throw error }
            let why = error.errnoCode == EADDRINUSE ? "the port is in use" : String(cString: strerror(error.errnoCode))
            throw CannotListen(description: "cannot listen on \(address): \(why); \(remedy)")
        }
    }
}
