import Hummingbird
import Logging
import NIOCore
import NIOPosix
import Serving

/// One TLS server of the lab on a port of its own: it stops listening while a fault says so, and comes back on the same port.
struct LabServer: Sendable {
    let name: String
    let reservation: PortReservation
    let identities: ServerIdentities
    let board: FaultBoard
    /// Which faults of connections are its own; nil for a server no fault is for.
    let place: Fault.Role?
    let service: Service
    let logger: Logger

    /// What it speaks over TLS.
    enum Service: Sendable {
        case http(@Sendable () -> Router<BasicRequestContext>)
        case mail(@Sendable () -> any MailDialogue)
    }

    var address: String { "127.0.0.1:\(reservation.port)" }

    private enum Mode: Equatable { case serving, refusing, unanswering }

    /// Serves until cancelled. `ready` is called each time it is in the mode the faults ask for.
    func run(ready: @escaping @Sendable () -> Void) async throws {
        while !Task.isCancelled {
            let mode = mode
            switch mode {
            case .serving: try await serve(whileIn: mode, ready)
            case .refusing:
                ready()
                await board.wait { self.mode != mode }
            case .unanswering:
                let queue = try reservation.unanswering()
                ready()
                await board.wait { self.mode != mode }
                withExtendedLifetime(queue) {}
            }
        }
    }

    private var mode: Mode {
        switch place.flatMap({ board.connection(at: $0) }) {
        case .refused: .refusing
        case .unanswered: .unanswering
        default: .serving
        }
    }

    private func serve(whileIn mode: Mode, _ ready: @escaping @Sendable () -> Void) async throws {
        let faulty = FaultyConnection(fault: { [board, place] in place.flatMap { board.connection(at: $0) } }, identities: identities)
        let serving: @Sendable () async throws -> Void =
            switch service {
            case .http(let router):
                {
                    let server = HTTPServer(
                        prepare: { channel in
                            try faulty.prepare(channel)
                            return false
                        }, logger: logger, answer: router().answer(logger))
                    try await server.run(on: .address(host: "127.0.0.1", port: reservation.port)) { _ in ready() }
                }
            case .mail(let dialogue): { try await serve(dialogue, faulty, ready) }
            }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await serving() }
            group.addTask { await board.wait { self.mode != mode } }
            let first = await group.nextResult()
            group.cancelAll()
            // A server that is told to stop ends with an error of some sort, and may be first.
            if case .failure(let error) = first, !Task.isCancelled { throw error }
        }
    }
}

extension LabServer {
    /// Serves a mail protocol until cancelled.
    private func serve(
        _ dialogue: @escaping @Sendable () -> any MailDialogue, _ faulty: FaultyConnection, _ ready: @Sendable () -> Void
    ) async throws {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try faulty.prepare(channel)
                    try channel.pipeline.syncOperations.addHandler(MailHandler(dialogue()))
                }
            }
            .bind(host: "127.0.0.1", port: reservation.port).get()
        ready()
        try await withTaskCancellationHandler {
            try await listener.closeFuture.get()
        } onCancel: {
            listener.close(promise: nil)
        }
    }
}

extension Router<BasicRequestContext> {
    /// What its routes answer.
    func answer(_ logger: Logger) -> HTTPServer.Answer {
        let responder = buildResponder()
        return { try await responder.respond(to: $0, context: BasicRequestContext(source: .init(channel: $1, logger: logger))) }
    }
}

extension FaultBoard {
    /// Returns once the condition holds, or the task is cancelled.
    func wait(until condition: @Sendable () -> Bool) async {
        for await _ in changes() where condition() { return }
    }
}
