import FoundationEssentials
import TestSupport
import Testing

/// The agent in the place of blackbox_exporter: started by its units, under its name, with its options.
@Suite struct ExporterTests {
    private static let modules = "modules:\n  tcp: { prober: tcp, timeout: 2s }\n"

    /// Starts the program under a name, in a directory of its own, and waits until it listens on all addresses.
    private func start(_ words: [String], named name: String = "blackbox_exporter", in directory: TemporaryDirectory) async throws -> Daemon
    {
        let program = directory.path + "/" + name
        if !FileManager.default.fileExists(atPath: program) {
            try FileManager.default.createSymbolicLink(atPath: program, withDestinationPath: AgentSite.executable)
        }
        let started = try Program(program, words)
        guard await started.says("listening") else { throw AgentSite.NotStarted(errors: started.errors) }
        return Daemon(listening: started, on: directory)
    }

    @Test("Debian's unit starts the agent with only the program's path changed, and any host may probe by any name")
    func unit() async throws {
        let directory = try TemporaryDirectory()
        let unit = String(
            decoding: try Data(contentsOf: URL(filePath: "/lib/systemd/system/prometheus-blackbox-exporter.service")), as: UTF8.self)
        let defaults = String(decoding: try Data(contentsOf: URL(filePath: "/etc/default/prometheus-blackbox-exporter")), as: UTF8.self)
        #expect(unit.contains("\nExecStart=/usr/bin/prometheus-blackbox-exporter $ARGS\n"))
        let line = try #require(defaults.split(separator: "\n").first { $0.hasPrefix("ARGS=") })
        let words = line.dropFirst("ARGS=".count).filter { $0 != "\"" }.split(separator: " ").map(String.init)
        let port = FreePort.one()
        for name in ["agent", "prometheus-blackbox-exporter"] {
            let daemon = try await start(words + ["--web.listen-address", "127.0.0.1:\(port)"], named: name, in: directory)
            let probed = try await daemon.get(
                "/probe?module=tcp_connect&target=127.0.0.1:\(port)", ["-H", "Host: blackbox.fabrikam.com:9115"])
            #expect(probed.contains("\nprobe_success 1"), "\(probed)")
            #expect(try await daemon.get("/config").contains("  http_2xx:"))
            daemon.program.send(15)
            #expect(await daemon.program.ended().status == 0)
        }
    }

    @Test("its options are understood: several addresses, a prefix, the offset, the history, the log's level and form")
    func options() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("blackbox.yml", Self.modules)
        let (first, second) = (FreePort.one(), FreePort.one())
        let daemon = try await start(
            [
                "--config.file=\(directory.path)/blackbox.yml", "--web.listen-address=127.0.0.1:\(first)",
                "--web.listen-address=127.0.0.1:\(second)", "--web.listen-address=unix:\(directory.path)/socket",
                "--web.external-url=https://monitor.fabrikam.com/bb/", "--timeout-offset=0.25", "--history.limit=1", "--log.level=info",
                "--log.format=json", "--log.prober=debug", "--no-config.enable-auto-reload",
            ], in: directory)
        for port in [first, second] { #expect(await eventually(within: .seconds(60)) { FreePort.isTaken(port) }) }
        func get(_ path: String, _ more: [String] = []) async throws -> String {
            try await Program.run("curl", ["-s", "-w", " %{http_code} %{redirect_url}"] + more + ["http://127.0.0.1:\(second)\(path)"])
                .output
        }
        #expect(try await get("/bb/-/healthy").contains("healthy\n 200"))
        #expect(try await get("/metrics").contains(" 404"))
        for path in ["/", "/bb"] { #expect(try await get(path, ["-o", "/dev/null"]) == " 302 http://127.0.0.1:\(second)/bb/") }
        #expect(try await !get("/bb/").contains("href=\"/"))
        #expect(try await get("/bb/metrics").contains("health_agent_info{external_url=\"https://monitor.fabrikam.com/bb\"} 1\n"))
        let asked = "/bb/probe?module=tcp&target=127.0.0.1:\(first)"
        let timeout = try await get(asked, ["-H", "X-Prometheus-Scrape-Timeout-Seconds: 1"])
        #expect(timeout.contains("\nprobe_timeout_seconds 0.75\n"), "\(timeout)")
        _ = try await get(asked)
        for (id, status) in [(1, " 404"), (2, " 200")] { #expect(try await get("/bb/logs?id=\(id)").contains(status)) }
        let socket = try await Program.run(
            "curl", ["-s", "--unix-socket", directory.path + "/socket", "http://x/bb/-/ready", "http://x" + asked])
        // Who is behind a socket is not known.
        #expect(socket.output.hasPrefix("ready\n") && socket.output.contains("a proxy forwarded the request"), "\(socket)")
        #expect(daemon.program.errors.contains("\"message\":\"listening\""), "\(daemon.program.errors)")
    }

    @Test("a module file that has changed is read again by itself; one that is wrong leaves the modules as they were")
    func reload() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("blackbox.yml", Self.modules)
        let daemon = try await start(
            [
                "--config.file", directory.path + "/blackbox.yml", "--web.listen-address", "127.0.0.1:\(FreePort.one())",
                "--config.enable-auto-reload", "--config.auto-reload-interval", "1s",
            ], in: directory)
        try directory.write("blackbox.yml", Self.modules.replacing("tcp:", with: "other:"))
        #expect(try await eventually(within: .seconds(60)) { try await daemon.get("/config").contains("  other:") })
        try directory.write("blackbox.yml", "modules: { x: { prober: nothing } }\n")
        #expect(await daemon.program.said("prober 'nothing' is not valid"))
        #expect(try await daemon.get("/config").contains("  other:"))
    }

    @Test("the configuration is only checked where that is asked; an unknown option gets the nearest one")
    func check() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("blackbox.yml", Self.modules)
        func run(_ words: [String]) async throws -> Program.Ended { try await Program.run(AgentSite.executable, words) }
        #expect(try await run(["--config.file", file, "--config.check"]).status == 0)
        try directory.write("blackbox.yml", "modules: { x: { prober: htp } }\n")
        for words in [["--config.file", file, "--config.check"], ["--config.file", file], ["run", "--modules", file, "--config.check"]] {
            let ended = try await run(words)
            #expect(
                ended.status == 2 && ended.errors.contains("blackbox.yml:1:25: error: prober 'htp' is not valid, did you mean 'http'?"),
                "\(ended)")
        }
        let unknown = try await run(["--config.fil", file])
        #expect(unknown.status == 64 && unknown.errors.contains("Did you mean '--config.file'?"), "\(unknown)")
        for words in [
            ["--web.listen-address", "nowhere"], ["--web.external-url", "monitor"], ["--web.listen-address", "unix:socket"],
            ["--timeout-offset", "-1"], ["--config.auto-reload-interval", "0s"],
        ] {
            let ended = try await run(["--config.file", file] + words)
            #expect(ended.status != 0 && ended.errors.contains(words[0] == "--web.listen-address" ? "--listen" : words[0]), "\(ended)")
        }
    }

    @Test("without a configuration file, nothing is left when the agent has ended")
    func directory() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("blackbox.yml", Self.modules)
        let program = try Program(AgentSite.executable, ["run", "--modules", file, "--listen", "127.0.0.1:0"])
        #expect(await program.says("listening"))
        let socket = try #require(program.errors.firstMatch(of: /control_socket=(\S+)/)?.output.1)
        #expect(FileManager.default.fileExists(atPath: String(socket)))
        program.send(15)
        #expect(await program.ended().status == 0)
        #expect(!FileManager.default.fileExists(atPath: String(socket.dropLast("/control.sock".count))))
    }
}
