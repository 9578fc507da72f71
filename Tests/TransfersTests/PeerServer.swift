import Glibc
import TestSupport
import Transfers

/// A peer of a few lines of Python on loopback, which serves each connection on a thread of its own; ended with this value.
final class PeerServer: Sendable {
    struct NotStarted: Error { var errors: String }

    private let program: Program
    let address: String

    /// - Parameter behaviour: what happens to a connection, as `peer`, after its `request` has come; it is closed afterwards.
    init(_ behaviour: String) async throws {
        let script = """
            import gzip, os, socket, struct, sys, threading, time, zlib
            def serve(peer):
                try:
                    request = peer.recv(65536)
                    print("connection", file=sys.stderr, flush=True)
            \(behaviour.split(separator: "\n").map { "        " + $0 }.joined(separator: "\n"))
                except OSError:
                    pass
                peer.close()
            listener = socket.create_server(("127.0.0.1", 0), backlog=128)
            print("port", listener.getsockname()[1], "end", file=sys.stderr, flush=True)
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
            """
        program = try Program(Program.python, ["-c", script])
        let says = await program.says("port")
        let words = program.errors.split(whereSeparator: { $0 == " " || $0 == "\n" })
        guard says, let at = words.firstIndex(of: "port") else { throw NotStarted(errors: program.errors) }
        address = "127.0.0.1:\(words[at + 1])"
    }

    deinit { program.send(SIGKILL) }

    /// How many connections have sent their request.
    var connections: Int { program.errors.split(separator: "\n").count { $0 == "connection" } }

    /// Waits for words of its own on standard error; false where they do not come in time.
    func said(_ words: String) async -> Bool { await program.said(words) }

    /// What it has printed on standard error until now.
    var words: String { program.errors }

    func request(_ path: String = "/", within deadline: Duration = .seconds(10)) -> ExchangeRequest {
        ExchangeRequest(url: "http://\(address)\(path)", deadline: deadline, trust: .system)
    }
}
