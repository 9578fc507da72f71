import FoundationEssentials
import TestSupport
import Testing

/// A real agent whose descriptors others have taken.
@Suite struct ExhaustionTests {
    /// Opens so many connections to a port, says so, and holds them.
    private static func hold(_ count: Int, _ address: String) async throws -> Program {
        let script = """
            import socket, sys, threading
            host, port = sys.argv[2].split(":")
            held = [socket.create_connection((host, int(port))) for _ in range(int(sys.argv[1]))]
            print("held", file=sys.stderr, flush=True)
            threading.Event().wait()
            """
        let program = try Program(Program.python, ["-c", script, String(count), address])
        #expect(await program.says("held"))
        return program
    }

    private struct Site {
        let directory: TemporaryDirectory
        let daemon: Daemon

        init(descriptors: Int, probe: String? = nil) async throws {
            directory = try TemporaryDirectory()
            try directory.write("probes/README.md", "")
            if let probe { try directory.write("probes/probe.yaml", probe) }
            try directory.write("agent.yaml", "stateDirectory: state\nlisten: 127.0.0.1:0\n")
            try directory.write(
                "modules.yml",
                """
                modules:
                  tcp: { prober: tcp, timeout: 5s }
                  silent: { prober: tcp, timeout: 3s, tcp: { query_response: [{ expect: "^never" }] } }

                """)
            let words = [
                AgentSite.executable, "run", "--config", directory.path + "/agent.yaml", "--probes", directory.path + "/probes",
                "--modules", directory.path + "/modules.yml",
            ]
            let program = try Program("bash", ["-c", "ulimit -n \(descriptors) && exec \"$@\"", "bash"] + words)
            guard await program.says("listening") else { throw AgentSite.NotStarted(errors: program.errors) }
            daemon = Daemon(listening: program)
        }

        func value(_ series: String) async throws -> Double? {
            try await daemon.metrics().split(separator: "\n").first { $0.hasPrefix(series + " ") }
                .flatMap { Double($0.dropFirst(series.count + 1)) }
        }

        /// How many lines of its log hold that, once one does.
        func lines(_ text: String) async -> Int {
            guard await daemon.program.said(text) else { return 0 }
            return daemon.program.errors.split(separator: "\n").count { $0.contains(text) }
        }

        /// Leaves the agent so many descriptors, those it has aside.
        func leave(_ count: Int) async throws {
            let open = Set(try FileManager.default.contentsOfDirectory(atPath: "/proc/\(daemon.program.pid)/fd").compactMap { Int($0) })
            let limit = (0...).lazy.filter { !open.contains($0) }.prefix(count).reduce(0) { max($0, $1) } + 1
            let ended = try await Program.run("prlimit", ["--pid", String(daemon.program.pid), "--nofile=\(limit)"])
            #expect(ended.status == 0, "\(ended.errors)")
        }
    }

    @Test("with 64 descriptors and 100 idle connections the page is answered, a probe runs, and one line says what is done")
    func idle() async throws {
        let site = try await Site(descriptors: 64)
        let idle = try await Self.hold(100, site.daemon.address)
        let limit = try #require(try await site.value("health_agent_connections_limit"))
        #expect(try #require(try await site.value("health_agent_connections")) <= limit)
        #expect(try #require(try await site.value("health_agent_connections_closed_total{reason=\"displaced\"}")) >= 100 - limit)
        let peer = try await HookServer()
        let probed = try await site.daemon.get("/probe?module=tcp&target=127.0.0.1:\(peer.port)")
        #expect(probed.contains("probe_success 1\n"), "\(probed)")
        #expect(try await site.daemon.get("/-/healthy") == "healthy\n")
        #expect(await site.lines("connection limit reached") == 1, "\(site.daemon.program.errors)")
        idle.send(9)
    }

    @Test("with 64 descriptors and 100 idle connections scheduled probes and those on request have descriptors")
    func probes() async throws {
        let peer = try await HookServer()
        let targets = (0..<20).map { "\"http://127.0.0.1:\(peer.port)/\($0)\"" }.joined(separator: ", ")
        let site = try await Site(
            descriptors: 64,
            probe: "healthSet: Web\nname: Page\nkind: http\nevery: 1s\ntimeout: 900ms\ntargets: [\(targets)]\n")
        let idle = try await Self.hold(100, site.daemon.address)
        let begin = ContinuousClock.now
        var judged = 0
        while judged < 20, ContinuousClock.now - begin < .seconds(60) {
            let page = try await site.daemon.metrics()
            #expect(!page.contains("system_refused"), "\(page)")
            judged = page.split(separator: "\n").count { $0.hasPrefix("health_probe_runs_total{") && !$0.hasSuffix(" 0") }
            let probed = try await site.daemon.get("/probe?module=tcp&target=127.0.0.1:\(peer.port)")
            #expect(probed.contains("probe_success 1\n"), "\(probed)")
        }
        #expect(judged >= 20)
        idle.send(9)
    }

    @Test("where accepting fails, idle connections make room: the page is answered, and one line says it")
    func exhausted() async throws {
        let site = try await Site(descriptors: 256)
        try await site.leave(5)
        let idle = try await Self.hold(60, site.daemon.address)
        for _ in 0..<3 { #expect(try await site.daemon.get("/-/healthy") == "healthy\n") }
        let failures = try #require(try await site.value("health_agent_accept_failures_total"))
        #expect(failures > 10 && failures < 1000)
        #expect(await site.lines("cannot accept a connection") == 1, "\(site.daemon.program.errors)")
        idle.send(9)
    }

    @Test("where nothing can make room, accepting pauses instead of trying without end, and goes on later")
    func busy() async throws {
        let site = try await Site(descriptors: 256)
        let peer = try await HookServer()
        try await site.leave(8)
        let address = site.daemon.address
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<12 {
                let url = "http://\(address)/probe?module=silent&target=127.0.0.1:\(peer.port)&hostname=host\(number)"
                group.addTask { _ = try await Program.run("curl", ["-sS", "--max-time", "60", url]) }
            }
            try await group.waitForAll()
        }
        let failures = try #require(try await site.value("health_agent_accept_failures_total"))
        #expect(failures > 0 && failures < 1000)
        #expect(await site.lines("cannot accept a connection") == 1, "\(site.daemon.program.errors)")
    }

    @Test("too few descriptors are told in a sentence")
    func tooFew() async throws {
        let ended = try await Program.run(
            "bash", ["-c", "ulimit -n 40 && exec \"$@\"", "bash", AgentSite.executable, "run", "--config", "/dev/null"])
        #expect(ended.status == 2)
        #expect(ended.errors.contains("the limit of 40 open files is too low, at least 64 are required"), "\(ended.errors)")
    }
}
