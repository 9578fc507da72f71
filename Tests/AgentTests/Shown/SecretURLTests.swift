import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// Logins and queries of URLs, planted wherever the agent takes a URL; every one begins with `hunter`.
@Suite struct SecretURLTests {
    /// A web server that answers by the path: lists of targets, refusals that repeat what came, redirects to a URL with a login.
    private static let server = """
        import http.server, json, signal, sys
        signal.alarm(300)
        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                sent = self.rfile.read(length).decode()
                print("REQUEST", self.path, self.headers.get("Authorization"), file=sys.stderr, flush=True)
                path = self.path.split("?")[0]
                status, body = 200, b"fine"
                if path == "/list": body = json.dumps([{"targets": ["http://hunterlist:hunter20@127.0.0.1:%d/broken" % port]}]).encode()
                if path == "/login" and self.headers.get("Authorization") is None: status = 401
                if path in ("/hook", "/token", "/broken"):
                    status, body = 500, ("refused: %s" % self.headers.get("Authorization")).encode()
                if path == "/away": status = 302
                self.send_response(status)
                if status == 302: self.send_header("Location", "http://hunteraway:hunter21@127.0.0.1:1/")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            do_GET = do_POST = answer
            def log_message(self, *words): pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        port = server.server_address[1]
        print("port", port, "end", file=sys.stderr, flush=True)
        server.serve_forever()
        """

    private static func startServer() async throws -> (program: Program, port: String) {
        let program = try Program(Program.python, ["-c", server])
        guard await program.says("port") else { throw AgentSite.NotStarted(errors: program.errors) }
        let words = program.errors.split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init)
        return (program, words[1])
    }

    /// Definitions of every target kind, with targets that succeed, fail and are none.
    private static func probes(_ port: String) -> [String: String] {
        func definition(_ name: String, _ kind: String, _ rest: String) -> String {
            """
            healthSet: Web
            name: \(name)
            kind: \(kind)
            every: 1s
            timeout: 900ms
            monitors: [{ name: \(name)Monitor, when: { consecutiveFailures: 1 }, degradedFor: 100ms, severity: warning }]
            \(rest)

            """
        }
        return [
            "pages": definition(
                "Pages", "http",
                """
                targets:
                  - http://hunteruser:hunter01@127.0.0.1:\(port)/login?id=7
                  - http://hunteruser:hunter02@127.0.0.1:\(port)/login?id=7
                  - hunteruser:hunter03@127.0.0.1:\(port)/broken
                  - http://hunter04@127.0.0.1:1/
                  - http://hunteruser:hunter/05@127.0.0.1:\(port)/
                  - http://hunteruser:hunter06@127.0.0.1:\(port)/away
                targetsFrom:
                  urls: ["http://127.0.0.1:\(port)/list?key=hunter07", "http://127.0.0.1:\(port)/nothing?key=hunter08"]
                  refresh: 1s
                """),
            "proxied": definition(
                "Proxied", "http",
                "targets: ['http://127.0.0.1:\(port)/']\noptions: { proxy_url: 'http://hunterproxy:hunter09@127.0.0.1:1/?a=hunter10' }"),
            "tokens": definition(
                "Tokens", "http",
                """
                targets: ["http://127.0.0.1:\(port)/"]
                options:
                  oauth2:
                    client_id: me
                    client_secret: hunter11
                    token_url: "http://hunterclient:hunter12@127.0.0.1:\(port)/token?key=hunter13"
                """),
            "ports": definition("Ports", "tcp", "targets: ['hunterport:hunter14@127.0.0.1:1']"),
            "sockets": definition(
                "Sockets", "websocket", "targets: ['ws://huntersocket:hunter15@127.0.0.1:1/']\noptions: { headers: { X-Key: hunter16 } }"),
            "names": definition("Names", "dns", "targets: ['huntername:hunter17@127.0.0.1']\noptions: { query_name: a.test }"),
            "pings": definition("Pings", "icmp", "targets: ['hunterping:hunter18@[::1]']"),
            "services": definition("Services", "grpc", "targets: ['hunterservice:hunter19@127.0.0.1:1']"),
        ]
    }

    @Test("no login of a URL, and no query of one that is no target, is shown anywhere, whether all goes well or not")
    func planted() async throws {
        let (server, port) = try await Self.startServer()
        let hook = try await HookServer()
        let directory = try TemporaryDirectory()
        try directory.write("password", "hunter30\n")
        try directory.write("token", "Bearer hunter31\n")
        try directory.write(
            "agent.yaml",
            """
            stateDirectory: state
            listen: 127.0.0.1:0
            proxy: { url: "http://hunterproxy:hunter32@127.0.0.1:1/?key=hunter33", noProxy: ["127.0.0.1"] }
            alertmanagers:
              - { url: "\(hook.url(""))", basicAuth: { username: agent, passwordFile: password } }
              - { url: "http://127.0.0.1:\(port)/broken", authorizationFile: token }
            responders:
              - name: hook
                webhook: { url: "http://hunterhook:hunter34@127.0.0.1:\(port)/hook?key=hunter35" }
                timeout: 5s
              - name: closed
                webhook: { url: "http://hunterhook:hunter36@127.0.0.1:1/hook?key=hunter37", authorizationFile: token }
                timeout: 5s

            """)
        for (name, text) in Self.probes(port) { try directory.write("probes/\(name).yaml", text) }
        try directory.write(
            "modules.yml",
            """
            modules:
              http: { prober: http, http: { basic_auth: { username: a, password: hunter40 }, headers: { X: hunter41 } } }
              plain: { prober: http, timeout: 2s }
              proxied: { prober: http, http: { proxy_url: "http://hunterproxy:hunter42@127.0.0.1:1/?key=hunter43" } }
              tokens: { prober: http, http: { oauth2: { client_id: a, client_secret: hunter44, token_url: "http://huntert:hunter45@127.0.0.1:1/?key=hunter46" } } }

            """)
        let files = ["--config", directory.path + "/agent.yaml", "--probes", directory.path + "/probes"]
        let program = try Program(
            AgentSite.executable, ["run", "--log-level", "trace", "--modules", directory.path + "/modules.yml"] + files)
        guard await program.says("listening") else { throw AgentSite.NotStarted(errors: program.errors) }
        let daemon = Daemon(listening: program)

        // Everything has been tried: the two accounts, both Alertmanagers and the webhooks.
        #expect(await eventually(within: .seconds(60)) { hook.requests("/api/v2/alerts").contains { $0.body.contains("PagesMonitor") } })
        #expect(await eventually(within: .seconds(60)) { server.errors.contains("/hook?key=hunter35") })
        #expect(
            try await eventually(within: .seconds(60)) {
                let metrics = try await daemon.metrics()
                return metrics.contains("outcome=\"failed\"") && metrics.contains("health_alertmanager_reachable")
            })
        let sent = hook.requests("/api/v2/alerts")
        #expect(sent.allSatisfy { $0.authorization == "Basic " + Data("agent:hunter30".utf8).base64EncodedString() })
        #expect(await eventually(within: .seconds(60)) { server.errors.contains("/broken/api/v2/alerts Bearer hunter31") })
        for password in ["hunter01", "hunter02"] {
            let login = Data("hunteruser:\(password)".utf8).base64EncodedString()
            #expect(await eventually(within: .seconds(60)) { server.errors.contains("REQUEST /login?id=7 Basic \(login)") })
        }

        var seen: [(place: String, text: String)] = [("alerts", sent.map(\.body).joined())]
        for module in ["http", "plain", "proxied", "tokens"] {
            for target in [
                "http://hunteruser:hunter50@127.0.0.1:\(port)/login?id=8", "hunteruser:hunter51@127.0.0.1:1", "http://a:hunter/52@b/",
            ] {
                for more in ["", "&debug=true"] {
                    let escaped = target.replacing("&", with: "%26").replacing("?", with: "%3F")
                    seen.append(("/probe", try await daemon.get("/probe?module=\(module)&target=\(escaped)\(more)")))
                }
            }
        }
        for id in 1...24 { for path in ["/logs?id=\(id)", "/runs/\(id)"] { seen.append((path, try await daemon.get(path))) } }
        let pages = Set(try await daemon.get("/").split(separator: "\"").filter { $0.hasPrefix("probes/") })
        for page in pages { seen.append((String(page), try await daemon.get("/" + page.replacing("&amp;", with: "&")))) }
        for path in [
            "/metrics", "/", "/config", "/sd", "/api/v1/probes", "/api/v1/results", "/api/v1/health", "/api/v1/history", "/api/v1/alerts",
            "/api/v1/attempts", "/api/v1/overrides", "/api/v1/forecast",
        ] { seen.append((path, try await daemon.get(path))) }
        let shown = "http://xxxxx@127.0.0.1:\(port)/login?id=7"
        let commands: [[String]] = [
            ["check", "--modules", directory.path + "/modules.yml"], ["probes"], ["probes", "--output", "json"], ["health"],
            ["health", "--health-set", "Web"], ["history"],
            ["history", "--output", "json"], ["forecast"], ["invoke", "Pages", "--all-servers", "--output", "json"],
            ["invoke", "Pages/http://hunteruser:hunter02@127.0.0.1:\(port)/login?id=7", "--fields", "all"],
            ["invoke", "Pages/\(shown)", "--output", "table"], ["invoke", "Pages", "--all-servers", "--output", "nagios"],
            ["invoke", "Proxied", "--all-servers", "--fields", "all"], ["invoke", "Tokens", "--all-servers", "--local", "--fields", "all"],
            ["override", "add", "Pages/\(shown)", "enabled", "false", "--for", "1h"], ["override", "list"],
        ]
        for command in commands {
            let ended = try await Program.run(AgentSite.executable, command + files)
            seen.append((command.joined(separator: " "), ended.output + ended.errors))
            #expect(ended.status != 64 && !(ended.output + ended.errors).isEmpty || command[0] == "check", "\(command): \(ended)")
        }
        // A configuration that is refused says so on every surface.
        try directory.write("agent.yaml", "listen: 127.0.0.1:0\nstateDirectory: state\n" + Self.refused.joined(separator: "\n") + "\n")
        seen.append(("reload", try await daemon.get("/-/reload", ["-X", "POST"])))
        seen.append(("page", try await daemon.get("/")))
        seen.append(("log", program.errors))
        for name in try FileManager.default.subpathsOfDirectory(atPath: directory.path + "/state") where !name.hasSuffix(".sock") {
            seen.append((name, try directory.text("state/" + name)))
        }
        let all = seen.map(\.text).joined()
        for witness in [shown, "http://xxxxx2@127.0.0.1:\(port)/login?id=7", "/list?xxxxx", "/token?xxxxx", "xxxxx@127.0.0.1:1"] {
            #expect(all.contains(witness), "\(witness) is nowhere")
        }
        for (place, text) in seen {
            let line = text.split(separator: "\n").first { $0.contains("hunter") }
            #expect(line == nil, "\(place): \(line ?? "")")
        }
    }

    /// Values in the wrong place, each refused or warned of.
    private static let refused = [
        "authServer: { metadataUrl: \"https://hunter60:hunter61@login.test/?key=hunter62\" }",
        "proxy: { url: \"hunter63:hunter64@proxy:3128/?key=hunter65\" }",
        "connectTo: { \"hunter66:hunter67@a:1\": \"b:2\" }",
        "servers: [{ name: \"hunter68@mbx01\", address: \"hunter69:hunter70@mbx01:443\" }]",
        "alertmanagers: [\"http://hunter71:hunter72@am:9093\", \"http://am:9093/?key=hunter73\", \"hunter74:hunter75@am\"]",
        "responders: [{ name: a, webhook: \"https://hooks.test/?key=hunter76\" }, { name: b, webhook: { url: \"hooks.test/?key=hunter77\" } }]",
        "pushProxy: { uri: \"http://hunter78:hunter79@push.test/?hunter80\", token: \"hunter81\" }",
        "tls: \"hunter82\"",
    ]

    @Test("a value that is refused is told without what may be a secret in it", arguments: refused)
    func refusedValue(line: String) async throws {
        let directory = try TemporaryDirectory()
        try directory.write("agent.yaml", line + "\n")
        try directory.write("probes/a.yaml", "healthSet: A\nname: B\nkind: key-size\n")
        let ended = try await Program.run(
            AgentSite.executable, ["check", "--config", directory.path + "/agent.yaml", "--probes", directory.path + "/probes"])
        #expect(ended.status == 2 && ended.errors.contains("agent.yaml:1:"), "\(ended)")
        #expect(!ended.errors.contains("hunter"), "\(ended.errors)")
    }

    @Test(
        "a secret of a module or a definition in the wrong shape is not repeated",
        arguments: [
            "basic_auth: hunter1", "authorization: Bearer hunter2", "headers: 'Authorization: hunter3'", "oauth2: hunter4",
            "http_headers: { X: hunter5 }", "http_headers: { X: { secrets: { a: hunter6 } } }", "proxy_url: 'hunter7:hunter8@proxy'",
            "oauth2: { client_id: a, client_secret: b, token_url: 'ftp://hunter9:hunter10@t/?hunter11' }",
            "basic_auth: { username: a, password: { a: hunter12 } }", "valid_status_codes: 'http://hunter13:hunter14@x/?hunter15'",
        ])
    func shape(options: String) async throws {
        let directory = try TemporaryDirectory()
        try directory.write("agent.yaml", "stateDirectory: state\n")
        try directory.write("probes/a.yaml", "healthSet: A\nname: B\nkind: http\ntargets: []\noptions: { \(options) }\n")
        let ended = try await Program.run(
            AgentSite.executable, ["check", "--config", directory.path + "/agent.yaml", "--probes", directory.path + "/probes"])
        #expect(ended.status == 2 && !ended.errors.isEmpty, "\(ended)")
        #expect(!ended.errors.contains("hunter"), "\(ended.errors)")
    }
}
