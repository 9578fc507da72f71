import Hummingbird
import Logging
import Serving

/// One TLS server of the lab on a port of its own: it stops listening while a fault says so, and comes back on the same port.
struct LabServer: Sendable {
    let name: String
    let reservation: PortReservation
    let identities: ServerIdentities
    let board: FaultBoard
    /// Which faults of connections are its own; nil for a server no fault is for.
    let place: Fault.Role?
    let router: @Sendable () -> Router<BasicRequestContext>
    let logger: Logger

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
        let application = Application(
            router: router(), server: .deferred(configuration: .init(additionalChannelHandlers: [ClockShift()])) { try faulty.prepare($0) },
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: reservation.port)),
            onServerRunning: { _ in ready() }, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            group.addTask { await board.wait { self.mode != mode } }
            let first = await group.nextResult()
            group.cancelAll()
            // A server that is told to stop ends with an error of some sort, and may be first.
            if case .failure(let error) = first, !Task.isCancelled { throw error }
        }
    }
}

extension FaultBoard {
    /// Returns once the condition holds, or the task is cancelled.
    func wait(until condition: @Sendable () -> Bool) async {
        for await _ in changes() where condition() { return }
    }
}
