import FoundationEssentials
import TestSupport
import Testing

/// The agent in the place of blackbox_exporter: started by its units, under its name, with its options.
@Suite struct ExporterTests {
    private static let modules = "modules:\n  tcp: { prober: tcp, timeout: 2s }\n"

    /// Starts the program under a name, in a directory of its own, and waits until it listens on all addresses.
    private func start(
        _ words: [String], named name: String = "blackbox_exporter", environment: [String: String] = [:], in directory: TemporaryDirectory
    ) async throws -> Daemon {
        let program = directory.path + "/" + name
        if !FileManager.default.fileExists(atPath: program) {
            try FileManager.default.createSymbolicLink(atPath: program, withDestinationPath: AgentSite.executable)
        }
        let started = try Program(program, words, environment: environment)
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
        daemon.program.send(15)
        let ended = await daemon.program.ended()
        #expect(ended.status == 0, "\(ended)")
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

    @Test("a module that cannot be run here refuses itself: at the check, in a metric and where it is asked for, and no other module")
    func unusable() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            "blackbox.yml",
            """
            modules:
              new: { prober: http, http: { tls_config: { ca_file: /nowhere/ca.pem } } }
              old: { prober: tcp, timeout: 2s, http: { tls_config: { ca_file: /nowhere/ca.pem } } }

            """)
        let checked = try await Program.run(AgentSite.executable, ["check", "--config.file", file])
        #expect(checked.status == 0 && checked.errors.contains("blackbox.yml:2:55: warning: module 'new' cannot be run: "), "\(checked)")
        let port = FreePort.one()
        let daemon = try await start(["--config.file", file, "--web.listen-address", "127.0.0.1:\(port)"], in: directory)
        for module in ["new"] {
            let answer = try await daemon.get("/probe?module=\(module)&target=127.0.0.1:\(port)", ["-w", "%{http_code}"])
            #expect(answer.hasSuffix("400") && answer.contains("module \"\(module)\" cannot be run: "), "\(answer)")
            #expect(try await daemon.metrics().contains("health_agent_module_unusable{module=\"\(module)\"} 1"))
        }
        let target = "127.0.0.1:\(port)"
        #expect(try await daemon.get("/probe?module=old&target=\(target)").contains("\nprobe_success 1"))
        #expect(try await !daemon.metrics().contains("health_agent_module_unusable{module=\"old\""))
        #expect(try await daemon.get("/logs?target=\(target)&module=old").hasPrefix("Run 1 of module old against \(target)"))
        #expect(try await daemon.get("/logs?target=\(target)&module=new").hasPrefix("no recent run"))
    }

    @Test("a CEL expression judges the body's JSON, and one that cannot be evaluated fails the probe as well")
    func expressions() async throws {
        let server = try await PythonServer(
            """
            import http.server
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    self.send_response(200)
                    self.end_headers()
                    self.wfile.write(b'{"status": "ok", "queue": [1, 2]}' if self.path == "/json" else b"<html>")
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            ready(server.server_port)
            server.serve_forever()
            """)
        let directory = try TemporaryDirectory()
        let (must, mustNot) = ("fail_if_body_json_not_matches_cel", "fail_if_body_json_matches_cel")
        let rows: [(key: String, expression: String, path: String, succeeds: Bool, words: String)] = [
            (must, "body.status == 'ok' && body.queue.all(n, n < 3)", "json", true, ""),
            (mustNot, "size(body.queue) > 9", "json", true, ""),
            (must, "body.status == 'down'", "json", false, "does not fulfil"),
            (mustNot, "body.status.matches('^o')", "json", false, "which it must not"),
            (must, "body.none == 1", "json", false, "no such key: none"), (must, "body.status", "json", false, "of type string, not bool"),
            (must, "true", "html", false, "the body is not valid JSON (line 1, column 1)"),
        ]
        let modules = rows.enumerated().map {
            "  m\($0.offset): { prober: http, timeout: 5s, http: { \($0.element.key): \"\($0.element.expression)\" } }\n"
        }
        let file = try directory.write("blackbox.yml", "modules:\n  plain: { prober: http, timeout: 5s }\n" + modules.joined())
        let daemon = try await start(["--config.file", file, "--web.listen-address", "127.0.0.1:\(FreePort.one())"], in: directory)
        for (number, row) in rows.enumerated() {
            let text = try await daemon.get("/probe?module=m\(number)&target=http://\(server.address)/\(row.path)&debug=true")
            #expect(text.contains("\nprobe_success \(row.succeeds ? 1 : 0)\n") && text.contains(row.words), "\(text)")
            #expect(text.contains("\nprobe_failed_due_to_cel \(row.succeeds ? 0 : 1)\n"), "\(text)")
        }
        let plain = try await daemon.get("/probe?module=plain&target=http://\(server.address)/json")
        #expect(plain.contains("\nprobe_success 1\n") && !plain.contains("probe_failed_due_to_cel"), "\(plain)")
    }

    @Test("the proxies of the environment are used where a module asks for them, and not for this machine")
    func environment() async throws {
        let proxy = try await PythonServer(
            """
            import http.server
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    say("asked", self.path)
                    self.send_response(200)
                    self.end_headers()
                def do_CONNECT(self):
                    say("tunnel", self.path)
                    self.send_error(403)
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            ready(server.server_port)
            server.serve_forever()
            """)
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            "blackbox.yml",
            "modules:\n  env: { prober: http, timeout: 2s, http: { proxy_from_environment: true } }\n  none: { prober: http, timeout: 500ms }\n"
        )
        let daemon = try await start(
            ["--config.file", file, "--web.listen-address", "127.0.0.1:\(FreePort.one())"],
            environment: ["http_proxy": proxy.address, "HTTPS_PROXY": "http://" + proxy.address, "NO_PROXY": "192.0.2.9, 192.0.2.8:80"],
            in: directory)
        func probe(_ module: String, _ target: String) async throws -> String {
            try await daemon.get("/probe?module=\(module)&target=\(target)")
        }
        #expect(try await probe("env", "http://192.0.2.1/x").contains("\nprobe_success 1"))
        _ = try await probe("env", "https://192.0.2.2/y")
        for target in ["http://192.0.2.9/a", "http://192.0.2.8/b", "http://127.0.0.1:1/c", "http://localhost:1/d"] {
            _ = try await probe("env", target)
        }
        _ = try await probe("none", "http://192.0.2.1/e")
        let asked = proxy.program.errors.split(separator: "\n").filter { $0.hasPrefix("asked") || $0.hasPrefix("tunnel") }
        #expect(
            asked == ["asked http://192.0.2.1:80/x", "tunnel 192.0.2.2:443"]
                || asked == ["asked http://192.0.2.1/x", "tunnel 192.0.2.2:443"], "\(asked)")
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
