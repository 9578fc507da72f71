import Glibc
import TestSupport
import Testing

/// Clients of the agent's own listener that are silent, slow or flooding: others are served meanwhile, and memory is bounded.
@Suite(.serialized) struct HostileClientsTests {
    static let ways = [
        "silent", "half-hello", "slow-head", "slow-body", "early-answer", "pipeline", "long-head", "many-heads", "h2-no-window", "h2-reset",
        "h2-continuation", "h2-ping", "h2-settings", "h2-half-head", "h2-slow-body",
    ]

    @Test("an honest client is served beside them, and the agent ends when it is told to", arguments: ways)
    func way(way: String) async throws {
        let site = try await WebSite()
        try site.write(WebStartTests.tls + WebSite.users)
        let daemon = try await site.start()
        let dave = ["-u", "dave:dave123", "--max-time", "120"]
        #expect(try await site.curl(daemon, "/metrics", dave) == "200")
        let before = daemon.memory
        let script = "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/clients.py"
        let port = String(daemon.address.split(separator: ":").last ?? "")
        let clients = try Program(Program.python, [script, way, "40", "127.0.0.1", port, "tls"])
        defer { clients.send(SIGKILL) }
        #expect(await clients.says("READY"), "\(clients.errors)")
        for _ in 0..<3 { #expect(try await site.curl(daemon, "/metrics", dave) == "200") }
        #expect(daemon.memory - before < 100)
        daemon.program.send(SIGTERM)
        #expect(await daemon.program.ended().status == 0)
    }
}
