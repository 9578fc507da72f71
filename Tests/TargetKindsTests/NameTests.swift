import Addresses
import Probing
import TargetKinds
import TestSupport
import Testing
import Transfers

/// Names of targets: in letters beyond ASCII, and in a DNS that answers only half of what it is asked.
@Suite(.enabled(if: NetworkNamespace.isAllowed, "a hosts file of its own needs root")) struct NameTests {
    private static let hosts = "127.0.0.1 xn--bcher-kva.test\n127.0.0.1 xn--strae-oqa.test\n"

    /// Answers with what came, in one line.
    private func echo(in namespace: NetworkNamespace) async throws -> (program: Program, port: String) {
        let program = try namespace.start(
            Program.python,
            [
                "-c",
                """
                import socket, sys
                listener = socket.create_server(("127.0.0.1", 0))
                print("port", listener.getsockname()[1], "end", file=sys.stderr, flush=True)
                while True:
                    peer, _ = listener.accept()
                    peer.settimeout(1)
                    try: print("asked", peer.recv(65536), file=sys.stderr, flush=True)
                    except OSError: print("asked nothing", file=sys.stderr, flush=True)
                    peer.sendall(b"HTTP/1.1 204 No Content\\r\\n\\r\\n")
                    peer.close()
                """,
            ])
        #expect(await program.says("port"))
        return (program, program.errors.split(separator: " ").dropFirst().first.map(String.init) ?? "")
    }

    @Test(
        "an internationalised name is looked up, asked for and sent in ASCII",
        arguments: [
            ("http", "http://bücher.test:PORT/ä"), ("http", "BÜCHER.test:PORT"), ("http", "http://straße.test:PORT/"),
            ("http", "http://xn--bcher-kva.test:PORT/"), ("tcp", "bücher.test:PORT"), ("websocket", "ws://bücher.test:PORT/"),
            ("grpc", "bücher.test:PORT"), ("icmp", "bücher.test"), ("dns", "bücher.test"),
        ])
    func internationalised(kind: String, target: String) async throws {
        let namespace = try await NetworkNamespace().withLoopback()
        try await namespace.useHosts(Self.hosts)
        let (server, port) = try await echo(in: namespace)
        defer { server.send(9) }
        let options: Written = kind == "dns" ? ["query_name": "example.test"] : [:]
        let target = target.replacing("PORT", with: port)
        let run = try await namespace.run { try await KindRun(kind, target, options, within: .seconds(5)) }
        #expect(run.resolution?.address == NetworkAddress("127.0.0.1"), run.story)
        if ["http", "tcp", "icmp"].contains(kind) { #expect(run.result == .succeeded, run.story) }
        if ["http", "websocket"].contains(kind) {
            let name = target.contains("straße") ? "xn--strae-oqa.test" : "xn--bcher-kva.test"
            #expect(
                await eventually(within: .seconds(60)) { server.errors.lowercased().contains("host: \(name):\(port)\\r\\n") },
                "\(server.errors)")
        }
    }

    @Test("a hosts file may have the line ends of Windows")
    func windows() async throws {
        let namespace = try await NetworkNamespace().withLoopback()
        try await namespace.useHosts("192.0.2.1 localhost\r\n127.0.0.1 mail.test # front\r\n127.0.0.1 other.test\r\n")
        let (server, port) = try await echo(in: namespace)
        defer { server.send(9) }
        for name in ["mail.test", "other.test"] {
            let run = try await namespace.run { try await KindRun("tcp", "\(name):\(port)") }
            #expect(run.result == .succeeded && run.resolution?.address == NetworkAddress("127.0.0.1"), run.story)
        }
    }

    @Test(
        "what is no internationalised name is refused before anything is looked up",
        arguments: [
            ("http", "http://a\u{FF0F}b.test/"), ("http", "http://b\u{2028}b.test/"), ("tcp", "xn--ü.test:1"), ("tcp", "ü\u{FF0F}.test:1"),
            ("websocket", "ws://ü\u{FF1A}b.test/"), ("grpc", "ü\u{FF20}b.test:1"), ("icmp", "ü\u{FF0F}b.test"), ("dns", "ü\u{FF0F}b.test"),
            ("tcp", String(repeating: "ü", count: 64) + ".test:1"),
        ])
    func invalid(kind: String, target: String) async throws {
        let namespace = try await NetworkNamespace().withLoopback()
        try await namespace.useHosts("")
        let options: Written = kind == "dns" ? ["query_name": "example.test"] : [:]
        let run = try await namespace.run { try await KindRun(kind, target, options) }
        #expect(run.result == .rejected && run.reason == .targetInvalid && run.resolution == nil, run.story)
    }

    @Test("the name to ask for is an internationalised one too, or refused")
    func hostname() async throws {
        let namespace = try await NetworkNamespace().withLoopback()
        let (server, port) = try await echo(in: namespace)
        defer { server.send(9) }
        let good = try await namespace.run { try await KindRun("http", Target("127.0.0.1:\(port)", hostname: "bücher.test")) }
        #expect(good.result == .succeeded, good.story)
        #expect(await eventually(within: .seconds(60)) { server.errors.contains("Host: xn--bcher-kva.test\\r\\n") }, "\(server.errors)")
        let bad = try await namespace.run { try await KindRun("http", Target("127.0.0.1:\(port)", hostname: "ü\u{FF0F}b.test")) }
        #expect(bad.result == .rejected && bad.reason == .targetInvalid, bad.story)
    }

    /// - Parameter answers: what is answered, in Python: `kind` is 1 (A) or 28 (AAAA), `answer(address)` answers.
    private func nameServer(in namespace: NetworkNamespace, _ answers: String) async throws -> Program {
        try await namespace.useResolver("127.0.0.53")
        let program = try namespace.start(
            Program.python,
            [
                "-c",
                """
                import socket, struct, sys
                server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                server.bind(("127.0.0.53", 53))
                print("ready", file=sys.stderr, flush=True)
                while True:
                    query, asker = server.recvfrom(4096)
                    end = query.index(b"\\0", 12) + 5
                    kind = struct.unpack("!H", query[end - 4:end - 2])[0]
                    def answer(address=None, code=0):
                        data = b"" if address is None else socket.inet_pton(socket.AF_INET if kind == 1 else socket.AF_INET6, address)
                        record = b"" if address is None else b"\\xc0\\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data
                        server.sendto(query[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, 1 if data else 0, 0, 0) + query[12:end] + record, asker)
                \(answers.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n"))
                """,
            ])
        #expect(await program.says("ready"))
        return program
    }

    @Test(
        "an address that was answered is used, though the other family is never answered",
        arguments: [
            ("if kind == 1: answer('127.0.0.1')", [:], "127.0.0.1"),
            ("if kind == 28: answer('::1')", ["preferred_ip_protocol": "ip4"], "::1"),
            ("answer('127.0.0.1' if kind == 1 else '::1')", [:], "::1"),
            ("answer('127.0.0.1' if kind == 1 else '::1')", ["preferred_ip_protocol": "ip4"], "127.0.0.1"),
            ("answer('127.0.0.1' if kind == 1 else None)", [:], "127.0.0.1"),
            ("answer('127.0.0.1' if kind == 1 else None, 0 if kind == 1 else 2)", [:], "127.0.0.1"),
        ] as [(String, Written, String)])
    func halfAnswered(answers: String, options: Written, address: String) async throws {
        let namespace = try await NetworkNamespace().withLoopback()
        let server = try await nameServer(in: namespace, answers)
        defer { server.send(9) }
        let run = try await namespace.run { try await KindRun("icmp", "half.test", options, within: .seconds(10)) }
        #expect(run.result == .succeeded && run.resolution?.address == NetworkAddress(address), run.story)
    }

    @Test("a preferred family is waited for, when it comes a little later")
    func late() async throws {
        let namespace = try await NetworkNamespace().withLoopback()
        let server = try await nameServer(
            in: namespace,
            """
            if kind == 1: answer('127.0.0.1')
            else:
                import time
                time.sleep(0.15)
                answer('::1')
            """)
        defer { server.send(9) }
        let run = try await namespace.run { try await KindRun("icmp", "late.test", within: .seconds(10)) }
        #expect(run.resolution?.address == NetworkAddress("::1"), run.story)
    }

    @Test("a family that alone is wanted is waited for until the deadline, and a flood of answers to nothing changes nothing")
    func floodedResolver() async throws {
        let namespace = try await NetworkNamespace().withLoopback()
        let server = try await nameServer(in: namespace, "while True: server.sendto(b'\\0' * 512, asker)")
        defer { server.send(9) }
        let run = try await namespace.run { try await KindRun("icmp", "flood.test", within: .seconds(1)) }
        #expect(run.reason == .dnsFailed && run.stage == .resolve, run.story)
    }
}
