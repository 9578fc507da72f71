import Certificates
import Probing
import TestSupport
import Testing

/// A server with two certificates: which one is recorded and verified.
@Suite struct ServedCertificateTests {
    private let certificates: TestCertificates
    private let root: TestCertificates.Identity

    init() async throws {
        certificates = try TestCertificates()
        root = try await certificates.root("root")
    }

    /// A server whose certificate `first` is for `localhost`, and `second` for `second.test`.
    /// - Parameters:
    ///   - set: lines of Python that decide between `contexts`, and may add to `listeners`.
    ///   - turn: what comes after each connection.
    private func server(_ set: String, turn: String = "pass") async throws -> PythonServer {
        let first = try await certificates.leaf("first", "DNS:localhost", by: root)
        let second = try await certificates.leaf("second", "DNS:second.test", by: root)
        return try await PythonServer(
            """
            contexts = []
            for at in (1, 3):
                contexts.append(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
                contexts[-1].load_cert_chain(sys.argv[at], sys.argv[at + 1])
            listeners = [(socket.create_server(("127.0.0.1", 0)), contexts[0])]
            \(set)
            def serve(listener, context):
                while True:
                    peer, _ = listener.accept()
                    try:
                        peer = context.wrap_socket(peer, server_side=True)
                        peer.recv(1000)
                    except Exception as error: say("error", error)
                    peer.close()
                    \(turn)
            for listener, context in listeners: threading.Thread(target=serve, args=(listener, context), daemon=True).start()
            ready(listeners[0][0].getsockname()[1])
            threading.Event().wait()
            """, [first.certificate, first.key, second.certificate, second.key])
    }

    /// - Parameter address: of the server; the name asked for is apart from it.
    private func run(_ server: PythonServer, name: String = "localhost", at address: String = "127.0.0.1") async throws -> KindRun {
        try await KindRun(
            "tls", Target("\(address):\(server.port)", hostname: name), ["tls_config": ["ca_file": .text(root.certificate)]])
    }

    @Test("by the name asked for: each name has its certificate; a name that the server does not know has the first")
    func name() async throws {
        let server = try await server(
            """
            def choose(session, name, context):
                if name == "second.test": session.context = contexts[1]
            contexts[0].sni_callback = choose
            """)
        for (name, subject, reason) in [
            ("localhost", "CN=first", nil), ("second.test", "CN=second", nil), ("third.test", "CN=first", .certificateNameMismatch),
        ] as [(String, String, Reason?)] {
            let run = try await run(server, name: name)
            #expect(run.certificates.map(\.subject) == [subject] && run.reason == reason, run.story)
        }
    }

    @Test("by the address: a name has two, and each is verified for the name")
    func address() async throws {
        let server = try await server(
            """
            import errno
            while len(listeners) == 1:
                try:
                    port = listeners[0][0].getsockname()[1]
                    listeners.append((socket.create_server(("::1", port), family=socket.AF_INET6), contexts[1]))
                except OSError as error:
                    if error.errno != errno.EADDRINUSE: raise
                    listeners[0] = (socket.create_server(("127.0.0.1", 0)), contexts[0])
            """)
        let four = try await run(server)
        #expect(four.certificates.map(\.subject) == ["CN=first"] && four.reason == nil, four.story)
        let six = try await run(server, at: "[::1]")
        #expect(six.certificates.map(\.subject) == ["CN=second"] && six.reason == .certificateNameMismatch, six.story)
    }

    @Test("from one connection to the next: the second run records and verifies what is presented then")
    func turn() async throws {
        let server = try await server("pass", turn: "context = contexts[1]")
        let before = try await run(server)
        #expect(before.certificates.map(\.subject) == ["CN=first"] && before.reason == nil, before.story)
        let after = try await run(server)
        #expect(after.certificates.map(\.subject) == ["CN=second"] && after.reason == .certificateNameMismatch, after.story)
    }
}
