import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// Clients of `/probe` that do not wait for its answer.
@Suite struct LeavingClientTests {
    private static func status(_ daemon: Daemon, _ path: String) async throws -> Int {
        let url = "http://\(daemon.address)\(path)"
        let ended = try await Program.run("curl", ["-sS", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "60", url])
        return Int(ended.output) ?? 0
    }

    @Test("a run that nobody waits for any more ends: its place is free long before its timeout", arguments: ["kill", "half-close"])
    func place(way: String) async throws {
        let daemon = try await Daemon.serving(
            modules: """
                modules:
                  tcp: { prober: tcp, timeout: 5s }
                  silent: { prober: tcp, timeout: 1h, tcp: { query_response: [{ expect: "^never" }] } }

                """, configuration: "probe: { maximumRunning: 1 }\n", in: try TemporaryDirectory())
        let silent = try Program(
            Program.python,
            [
                "-c",
                """
                import socket, sys
                listener = socket.create_server(("127.0.0.1", 0))
                print("port", listener.getsockname()[1], "end", file=sys.stderr, flush=True)
                held = []
                while True:
                    held.append(listener.accept())
                    print("accepted", file=sys.stderr, flush=True)
                """,
            ])
        #expect(await silent.says(" end"))
        let port = silent.errors.split(separator: " ")[1]
        let client = try Program(
            Program.python,
            [
                "-c",
                """
                import signal, socket, sys
                host, port = sys.argv[1].split(":")
                peer = socket.create_connection((host, int(port)))
                peer.sendall(f"GET /probe?module=silent&target={sys.argv[2]} HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n".encode())
                signal.signal(signal.SIGUSR1, lambda *_: peer.shutdown(socket.SHUT_WR))
                print("ready", file=sys.stderr, flush=True)
                print("answer", peer.recv(65536).split(b"\\r\\n")[0].decode(), "end", file=sys.stderr, flush=True)
                """, daemon.address, "127.0.0.1:\(port)",
            ])
        let isReady = await client.says("ready")
        #expect(await silent.says("accepted") && isReady)
        // The place is taken.
        let other = "/probe?module=tcp&target=127.0.0.1:\(port)"
        #expect(try await Self.status(daemon, other) == 503)
        if way == "kill" { client.send(SIGKILL) } else { client.send(SIGUSR1) }
        let begin = ContinuousClock.now
        var status = 503
        while status == 503, ContinuousClock.now - begin < .seconds(60) { status = try await Self.status(daemon, other) }
        #expect(status == 200)
        if way == "half-close" { #expect(await client.says("answer HTTP/1.1 503")) }
        silent.send(SIGKILL)
    }

    @Test("clients that share a run and leave are let go at once")
    func followers() async throws {
        let daemon = try await Daemon.serving(
            modules: "modules: { silent: { prober: tcp, timeout: 1h, tcp: { query_response: [{ expect: '^never' }] } } }\n",
            in: try TemporaryDirectory())
        let clients = try Program(
            Program.python,
            [
                "-c",
                """
                import socket, sys, threading
                silent = socket.create_server(("127.0.0.1", 0))
                host, port = sys.argv[1].split(":")
                def ask():
                    peer = socket.create_connection((host, int(port)))
                    target = f"127.0.0.1:{silent.getsockname()[1]}"
                    peer.sendall(f"GET /probe?module=silent&target={target} HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n".encode())
                    return peer
                leader = ask()
                held = silent.accept()
                for peer in [ask() for _ in range(200)]: peer.close()
                print("left", file=sys.stderr, flush=True)
                threading.Event().wait()
                """, daemon.address,
            ])
        #expect(await clients.says("left"))
        let begin = ContinuousClock.now
        var open = 1000.0
        while open > 3, ContinuousClock.now - begin < .seconds(60) {
            let line = try await daemon.metrics().split(separator: "\n").first { $0.hasPrefix("health_agent_connections ") }
            open = line.flatMap { Double($0.split(separator: " ")[1]) } ?? 1000
        }
        // The leader's, and those of this test.
        #expect(open <= 3)
        clients.send(SIGKILL)
    }

    @Test("few forecasts are computed at once, and none for clients that have left")
    func forecasts() async throws {
        let site = try await AgentSite(every: "1h", timeout: "20m", servers: 2)
        let daemon = try await site.startAgent()
        #expect(try await site.agent(["restart", "--wait", "60"]).status == 0)
        // A forecast now waits for this server until its client leaves.
        #expect(try await site.fault("on", "metadata-silent").status == 0)
        let url = "http://\(daemon.address)/api/v1/forecast"
        let code = ["-sS", "-o", "/dev/null", "-w", "%{http_code}", url]
        let clients = try (0..<3).map { _ in try Program("curl", code) }
        let refused = await withTaskGroup(of: (Int, String).self) { group in
            for (index, client) in clients.enumerated() { group.addTask { (index, await client.ended().output) } }
            let first = await group.next()
            for (index, client) in clients.enumerated() where index != first?.0 { client.send(SIGKILL) }
            return first?.1
        }
        #expect(refused == "503")
        // The places of those that have left are free, if not at once.
        let begin = ContinuousClock.now
        var last = "503"
        while last == "503", ContinuousClock.now - begin < .seconds(120) {
            last = try await Program.run("curl", ["--max-time", "2"] + code).output
        }
        #expect(last != "503")
    }
}
