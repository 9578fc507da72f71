import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// Peers that never stop talking, asked for by `/probe` more often than the process has threads for tasks.
@Suite struct GreedyProbeTests {
    @Test("peers that never stop talking hold up neither the page, nor the control socket, nor the end")
    func talking() async throws {
        let directory = try TemporaryDirectory()
        let script = """
            import socket, sys, threading
            listener = socket.create_server(("127.0.0.1", 0), backlog=64)
            print("port", listener.getsockname()[1], "end", file=sys.stderr, flush=True)
            def talk(peer):
                try:
                    print("heard", file=sys.stderr, flush=True)
                    while True: peer.sendall(b"abcdefghijklmnopqrstuvwxyz\\r\\n" * 100)
                except OSError: pass
            while True: threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()
            """
        let peer = try Program(Program.python, ["-c", script])
        #expect(await peer.says("port"))
        let port = peer.errors.split(separator: " ").dropFirst().first ?? ""
        let daemon = try await Daemon.serving(
            modules: "modules: { never: { prober: tcp, timeout: 60s, tcp: { query_response: [{ expect: '^never' }] } } }\n", in: directory)
        // A dialogue has a bound: when one has ended, the next begins, until the agent is gone.
        let askers = try (0..<4).map { number in
            let url = "http://\(daemon.address)/probe?module=never&target=127.0.0.1:\(port)&hostname=host\(number)"
            return try Program("sh", ["-c", "while curl -s -o /dev/null '\(url)'; do echo asked >&2; done"])
        }
        for asker in askers { #expect(await asker.says("asked")) }
        for _ in 0..<5 {
            #expect(try await daemon.get("/-/healthy") == "healthy\n")
            #expect(try await daemon.metrics().contains("\nhealth_agent_probes 0\n"))
            let control = try await Program.run(
                "curl", ["-sS", "--max-time", "20", "--unix-socket", directory.path + "/state/control.sock", "http://localhost/-/ready"])
            #expect(control.output == "ready\n")
        }
        daemon.program.send(SIGTERM)
        #expect(await daemon.program.ended().status == 0)
        for asker in askers { _ = await asker.ended() }
        peer.send(SIGKILL)
    }
}
