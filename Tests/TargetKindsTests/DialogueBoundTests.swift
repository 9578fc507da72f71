import Probing
import TargetKinds
import TestSupport
import Testing

/// Peers that send more than any dialogue needs: the run ends at a bound, long before its time is over.
@Suite struct DialogueBoundTests {
    private static let long: Duration = .seconds(120)

    @Test(
        "lines without end, whatever their length, are too much to search",
        arguments: [
            ("send(b'hello\\r\\n' * 150000)", "lines"), ("send(b'\\n' * 150000)", "lines"),
            ("for _ in range(20): send(b'x' * 1000000 + b'\\n')", "bytes"),
        ])
    func lines(behaviour: String, unit: String) async throws {
        let server = try await PythonServer.serving(behaviour)
        let run = try await KindRun("tcp", server.address, ["query_response": [["expect": "^never"]]], within: Self.long)
        #expect(run.result == .failed && run.reason == .httpTooLarge && run.stage == .endpoint, run.story)
        #expect(run.sentence.contains(unit), run.story)
    }

    @Test("what comes after STARTTLS counts with what came before it")
    func afterTLS() async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let leaf = try await certificates.leaf("leaf", "DNS:localhost", by: root)
        let server = try await PythonServer.serving(
            """
            send(b"x\\n" * 60000 + b"220 ready\\n")
            request()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain("\(leaf.certificate)", "\(leaf.key)")
            with context.wrap_socket(peer, server_side=True) as peer: peer.sendall(b"y\\n" * 60000)
            """)
        let run = try await KindRun(
            "tcp", "localhost:\(server.port)",
            [
                "query_response": [["expect": "^220", "send": "STARTTLS", "starttls": true], ["expect": "^never"]],
                "tls_config": ["ca_file": .text(root.certificate)],
            ], within: Self.long)
        #expect(run.reason == .httpTooLarge && run.tls?.version != nil, run.story)
    }

    @Test(
        "frames that make no message are too many",
        arguments: ["b'\\x01\\x00' + b'\\x00\\x00' * 150000", "b'\\x8a\\x00' * 150000", "b'\\x89\\x01x' * 150000"])
    func frames(flood: String) async throws {
        let server = try await PythonServer.serving(
            """
            \(WebSocketTests.handshake)
            send(b"HTTP/1.1 101 Hm\\r\\nUpgrade: websocket\\r\\nConnection: upgrade\\r\\nSec-WebSocket-Accept: " + accept + b"\\r\\n\\r\\n")
            def take():
                while peer.recv(65536): pass
            threading.Thread(target=take, daemon=True).start()
            send(\(flood))
            threading.Event().wait()
            """)
        let run = try await KindRun("websocket", "ws://\(server.address)/", ["query_response": [["expect": "."]]], within: Self.long)
        #expect(run.result == .failed && run.reason == .httpTooLarge && run.stage == .endpoint, run.story)
        #expect(run.sentence.contains("frames"), run.story)
    }

    @Test("datagrams that answer nothing are too many")
    func datagrams() async throws {
        let server = try await PythonServer(
            """
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            server.bind(("127.0.0.1", 0))
            ready(server.getsockname()[1])
            _, peer = server.recvfrom(4096)
            while True:
                try: server.sendto(b"no answer", peer)
                except OSError: pass
            """)
        let run = try await KindRun("dns", server.address, ["query_name": "x.test", "query_type": "A"], within: Self.long)
        #expect(run.result == .failed && run.reason == .answerUnexpected && run.stage == .endpoint, run.story)
        #expect(run.sentence.contains("datagram"), run.story)
    }
}
