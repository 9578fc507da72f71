import FoundationEssentials
import Glibc
import TestSupport
import Testing
import Transfers

/// Peers that no HTTP library would be: a few lines of Python on a socket, which say on standard error what they saw.
@Suite struct RawServerTests {
    private static func server(_ behaviour: String) async throws -> (program: Program, address: String) {
        let script = """
            import gzip, socket, sys
            listener = socket.create_server(("127.0.0.1", 0))
            print("port", listener.getsockname()[1], "end", file=sys.stderr, flush=True)
            peer, _ = listener.accept()
            request = peer.recv(65536)
            try:
            \(behaviour.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n"))
            except OSError:
                pass
            print("closed", file=sys.stderr, flush=True)
            """
        let program = try Program(Program.python, ["-c", script])
        guard await program.says("port") else { return (program, "") }
        let port = program.errors.split(separator: " ").dropFirst().first.map(String.init) ?? ""
        return (program, "127.0.0.1:\(port)")
    }

    private static func request(_ address: String) -> ExchangeRequest {
        ExchangeRequest(url: "http://\(address)/", deadline: .seconds(10), trust: .system)
    }

    @Test(
        "whatever goes over its bound is cut off",
        arguments: [
            (
                "peer.sendall(b'HTTP/1.1 200 OK\\r\\n')\nwhile True: peer.sendall(b'X-More: ' + b'x' * 1000 + b'\\r\\n')",
                ExchangeFailure.Kind.headersTooLarge
            ),
            ("peer.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Encoding: gzip\\r\\n\\r\\n' + gzip.compress(b'0' * (64 << 20)))", .bodyTooLarge),
            ("peer.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 100\\r\\n\\r\\nshort'); peer.close()", .protocolViolation),
            (
                "peer.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\nContent-Length: 3\\r\\n\\r\\nshort'); peer.close()",
                .protocolViolation
            ),
            (
                "peer.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 99999999999999999999999\\r\\n\\r\\nshort'); peer.close()",
                .protocolViolation
            ),
            ("peer.sendall(b'this is not HTTP\\r\\n\\r\\n'); peer.close()", .protocolViolation),
        ])
    func bounds(behaviour: String, kind: ExchangeFailure.Kind) async throws {
        let (program, address) = try await Self.server(behaviour)
        let report = await Transfers().exchange(Self.request(address))
        #expect(report.failure?.kind == kind, "\(String(describing: report.failure)) \(program.errors)")
        #expect((report.response?.body.count ?? 0) <= Bounds().body)
    }

    @Test("a cancelled exchange closes its connection: the peer sees its end")
    func cancelled() async throws {
        let (program, address) = try await Self.server(
            "peer.sendall(b'HTTP/1.1 200 OK\\r\\n\\r\\nx')\nprint('waits', file=sys.stderr, flush=True)\npeer.recv(1)")
        let transfers = Transfers()
        let exchange = Task { await transfers.exchange(Self.request(address)) }
        #expect(await program.says("waits"))
        exchange.cancel()
        #expect(await program.says("closed"))
        #expect(await exchange.value.failure?.kind == .cancelled)
    }

    @Test("an empty header is sent empty, and the environment's proxy is not used")
    func environment() async throws {
        setenv("http_proxy", "http://127.0.0.1:1", 1)
        defer { unsetenv("http_proxy") }
        let (program, address) = try await Self.server(
            "print(request, file=sys.stderr, flush=True)\npeer.sendall(b'HTTP/1.1 204 No Content\\r\\n\\r\\n')")
        var request = Self.request(address)
        request.headers = [HeaderField("Authorization", ""), HeaderField("Accept", "application/json")]
        let report = await Transfers().exchange(request)
        #expect(report.response?.status == 204)
        #expect(await program.says("closed"))
        #expect(
            program.errors.contains("\\r\\nAuthorization:\\r\\n") && program.errors.contains("\\r\\nAccept: application/json\\r\\n"),
            "\(program.errors)")
    }
}
