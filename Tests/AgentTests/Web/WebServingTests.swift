import FoundationEssentials
import TestSupport
import Testing

/// What clients meet at an agent with a web configuration: exporter-toolkit's table of outcomes, then what is the agent's own.
@Suite struct WebServingTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var configuration: String
        var scheme: String
        /// curl's options; `CERTIFICATES` as in the configuration.
        var options: [String]
        /// What the outcome begins with.
        var outcome: String

        init(_ name: String, _ configuration: String, _ scheme: String = "https", _ options: [String] = [], _ outcome: String) {
            (testDescription, self.configuration, self.scheme, self.options, self.outcome) = (name, configuration, scheme, options, outcome)
        }
    }

    private static let tls = WebStartTests.tls
    private static func clients(_ type: String, _ more: String = "") -> String {
        tls + "  client_auth_type: \(type)\n  client_ca_file: CERTIFICATES/root.pem\n" + more
    }
    private static func certificate(_ name: String) -> [String] {
        ["--cert", "CERTIFICATES/\(name).pem", "--key", "CERTIFICATES/\(name).key"]
    }
    private static let twoSuites =
        "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]\n  max_version: TLS12\n"

    static let rows = [
        Row("plain HTTP", "", "http", [], "200"), Row("TLS to plain HTTP", "", "https", [], "error"),
        Row("plain HTTP to TLS", tls, "http", [], "400"), Row("TLS", tls, "https", [], "200"),
        Row("TLS 1.1", tls, "https", ["--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"], "error"),
        Row("TLS 1.2", tls, "https", ["--tls-max", "1.2"], "200"),
        Row("at least TLS 1.3", tls + "  min_version: TLS13\n", "https", ["--tls-max", "1.2"], "error"),
        Row("a common cipher suite", tls + twoSuites, "https", ["--ciphers", "ECDHE-RSA-AES256-GCM-SHA384"], "200"),
        Row("no common cipher suite", tls + twoSuites, "https", ["--ciphers", "ECDHE-RSA-AES256-SHA"], "error"),
        Row(
            "only suites of TLS 1.3", tls + "  cipher_suites: [TLS_AES_128_GCM_SHA256]\nhttp_server_config: { http2: false }\n", "https",
            ["--tls-max", "1.2"], "error"),
        Row("a common curve", tls + "  curve_preferences: [CurveP521]\n", "https", ["--curves", "P-521"], "200"),
        Row("no common curve", tls + "  curve_preferences: [CurveP521]\n", "https", ["--curves", "P-384"], "error"),
        Row("any certificate required, none given", clients("RequireAnyClientCert"), "https", [], "error"),
        Row("any certificate required, a foreign one given", clients("RequireAnyClientCert"), "https", certificate("foreign"), "200"),
        Row("in its earlier name", clients("RequireClientCert"), "https", certificate("foreign"), "200"),
        Row("certificate verified if given, none given", clients("VerifyClientCertIfGiven"), "https", [], "200"),
        Row(
            "certificate verified if given, a foreign one given", clients("VerifyClientCertIfGiven"), "https", certificate("foreign"),
            "error"),
        Row("certificate requested, a foreign one given", clients("RequestClientCert"), "https", certificate("foreign"), "200"),
        Row("certificate required and verified, none given", clients("RequireAndVerifyClientCert"), "https", [], "error"),
        Row(
            "certificate required and verified, a foreign one given", clients("RequireAndVerifyClientCert"), "https",
            certificate("foreign"), "error"),
        Row("certificate required and verified", clients("RequireAndVerifyClientCert"), "https", certificate("client"), "200"),
        Row(
            "an allowed name", clients("RequireAndVerifyClientCert", "  client_allowed_sans: [x, client.fabrikam.com]\n"), "https",
            certificate("client"), "200"),
        Row(
            "an allowed mail address", clients("RequireAndVerifyClientCert", "  client_allowed_sans: [ops@fabrikam.com]\n"), "https",
            certificate("client"), "200"),
        Row(
            "no allowed name", clients("RequireAndVerifyClientCert", "  client_allowed_sans: [fabrikam.com]\n"), "https",
            certificate("client"), "error"),
        Row("no login", WebSite.users, "http", [], "401"), Row("login", WebSite.users, "http", ["-u", "dave:dave123"], "200"),
        Row("no login over TLS", tls + WebSite.users, "https", [], "401"),
        Row("login over TLS", tls + WebSite.users, "https", ["-u", "dave:dave123"], "200"),
        Row("another user", tls + WebSite.users, "https", ["-u", "carol:carol123"], "200"),
        Row("a wrong password", tls + WebSite.users, "https", ["-u", "dave:bad"], "401"),
        Row("another user's password", tls + WebSite.users, "https", ["-u", "dave:carol123"], "401"),
        Row("an unknown user", tls + WebSite.users, "https", ["-u", "nonexistent:nonexistent"], "401"),
        Row("a login that is none", WebSite.users, "http", ["-H", "Authorization: Basic ZGF2ZQ=="], "401"),
        Row(
            "a hash as password", WebSite.users, "http", ["-u", "dave:$2y$04$PY5Sqt6XaldB2.JKzk2BFu/9oJV.envJLIJTtms/hRui68y3GwRtS"], "401"),
        Row("no requests at all", "rate_limit: { interval: 1s, burst: 0 }\n", "http", [], "429"),
    ]

    @Test("each client has the outcome that it has at an exporter", arguments: rows)
    func row(row: Row) async throws {
        let site = try await WebSite()
        try site.write(row.configuration)
        let daemon = try await site.start()
        let options = row.options.map { $0.replacing("CERTIFICATES", with: site.certificates.path) }
        // Twice, because the second answer about a password is a remembered one.
        for _ in 0..<2 {
            let outcome = try await site.curl(daemon, "/-/ready", options, scheme: row.scheme)
            #expect(outcome.hasPrefix(row.outcome), "\(outcome)\n\(daemon.program.errors)")
        }
    }

    @Test("the rate limit counts all requests, before any login")
    func limit() async throws {
        let site = try await WebSite()
        try site.write(WebSite.users + "rate_limit: { interval: 1h, burst: 3 }\n")
        let daemon = try await site.start()
        var outcomes: [String] = []
        for _ in 0..<5 { outcomes.append(try await site.curl(daemon, scheme: "http")) }
        #expect(outcomes == ["401", "401", "401", "429", "429"])
    }

    @Test("with a user, what changes something and probes of any target are open over the network, but not to another site's page")
    func user() async throws {
        let site = try await WebSite()
        try site.directory.write("agent.yaml", "stateDirectory: state\nlisten: 127.0.0.1:0\nprobe: { allowFrom: [192.0.2.1] }\n")
        try site.write(WebStartTests.tls + WebSite.users)
        let daemon = try await site.start()
        let dave = ["-u", "dave:dave123"]
        func outcome(_ path: String, _ more: [String]) async throws -> String { try await site.curl(daemon, path, dave + more) }
        let maintenance = ["-X", "POST", "-H", "Content-Type: application/json", "-d", "{}"]
        #expect(try await outcome("/-/reload", ["-X", "POST"]) == "200")
        #expect(try await outcome("/-/restart", ["-X", "POST", "-H", "X-Forwarded-For: 192.0.2.7"]) == "200")
        // A body that lacks something, not a door that is closed.
        #expect(try await outcome("/api/v1/maintenance", maintenance) == "400")
        #expect(try await outcome("/probe?module=tcp&target=127.0.0.1:1", []) == "200")
        let port = daemon.address.split(separator: ":").last ?? ""
        #expect(try await outcome("/-/reload", ["-X", "POST", "-H", "Origin: https://localhost:\(port)"]) == "200")
        for foreign in [
            "Origin: http://localhost:\(port)", "Origin: https://evil.example", "Sec-Fetch-Site: cross-site", "Host: evil.example",
        ] {
            #expect(try await outcome("/-/reload", ["-X", "POST", "-H", foreign]) == "403", "\(foreign)")
        }
        #expect(try await site.curl(daemon, "/-/reload", ["-X", "POST"]) == "401")
    }

    @Test("a user delivers a snapshot over the network, as large as a snapshot may be; nobody else does")
    func snapshot() async throws {
        let site = try await WebSite()
        try site.directory.write(
            "agent.yaml",
            "organization: fabrikam.com\nstateDirectory: state\nlisten: 127.0.0.1:0\ntenant: { domains: [fabrikam.com] }\nsnapshot: snapshot.json\n"
        )
        try site.write(WebStartTests.tls + WebSite.users)
        let daemon = try await site.start()
        let padding = String(repeating: "x", count: 4 << 20)
        let file = try site.directory.write(
            "new.json",
            "{\"schema\": 1, \"collectedAt\": \"\(Date().formatted(.iso8601))\", \"collectedBy\": \"\(padding)\", \"organization\": {\"name\": \"Fabrikam\", \"domains\": [\"fabrikam.com\"]}, \"servers\": []}"
        )
        let post = ["-H", "Content-Type: application/json", "--data-binary", "@" + file]
        #expect(try await site.curl(daemon, "/api/v1/snapshot", post) == "401")
        #expect(!FileManager.default.fileExists(atPath: site.directory.path + "/snapshot.json"))
        #expect(try await site.curl(daemon, "/api/v1/snapshot", post + ["-u", "carol:carol123"]) == "200", "\(daemon.program.errors)")
        #expect(FileManager.default.fileExists(atPath: site.directory.path + "/snapshot.json"))
    }

    @Test("paths that a key names need no login, others do")
    func open() async throws {
        let site = try await WebSite()
        try site.write(WebSite.users + "auth_excluded_paths: [/-/healthy]\nhttp_server_config: { headers: { X-Frame-Options: deny } }\n")
        let daemon = try await site.start()
        for (path, status) in [
            ("/-/healthy", "200"), ("/-/healthy/", "200"), ("/-/ready", "401"), ("/metrics", "401"), ("/nowhere", "401"),
        ] {
            #expect(try await site.curl(daemon, path, scheme: "http") == status, "\(path)")
        }
    }

    @Test("certificates, users and headers are read again; a file that cannot be used leaves the previous ones, and is told")
    func again() async throws {
        let site = try await WebSite()
        try site.write(WebStartTests.tls + "http_server_config: { headers: { X-Frame-Options: deny } }\n")
        let daemon = try await site.start()
        #expect(try await site.curl(daemon) == "200")
        func headers(_ more: [String] = []) async throws -> String {
            let port = daemon.address.split(separator: ":").last ?? ""
            return try await Program.run(
                "curl",
                ["-sS", "--http1.1", "--cacert", site.certificates.path + "/root.pem", "-D", "-", "https://localhost:\(port)/metrics"]
                    + more
            ).output
        }
        #expect(try await headers().contains("health_agent_web_config_usable 1"))
        try site.write("tls_server_config:\n  cert_file: CERTIFICATES/server.pem\n  key_file: none.key\n" + WebSite.users)
        #expect(try await eventually(within: .seconds(60)) { try await headers().contains("health_agent_web_config_usable 0") })
        #expect(try await headers().contains("X-Frame-Options: deny"))
        #expect(daemon.program.errors.contains("none.key: there is no such file"), "\(daemon.program.errors)")
        // A listener with TLS never becomes one without.
        try site.write(WebSite.users)
        #expect(await daemon.program.said("TLS is turned on or off at a start only"))
        #expect(try await site.curl(daemon) == "200")
        try site.write(WebStartTests.tls + WebSite.users)
        #expect(try await eventually(within: .seconds(60)) { try await site.curl(daemon) == "401" })
        #expect(try await site.curl(daemon, "/-/ready", ["-u", "dave:dave123"]) == "200")
        // Nor does one with logins, as while an editor has emptied the file.
        try site.write(WebStartTests.tls)
        #expect(await daemon.program.said("logins are turned off at a start only"))
        #expect(try await site.curl(daemon) == "401")
        // Another certificate, which the client does not trust.
        try site.write(WebStartTests.tls.replacing("server.", with: "foreign.") + WebSite.users)
        #expect(try await eventually(within: .seconds(60)) { try await site.curl(daemon).hasPrefix("error 60") })
    }

    @Test("of a client whose certificate has no allowed name, no request is carried out, even if it comes with the end of the handshake")
    func refused() async throws {
        let site = try await WebSite()
        try site.write(Self.clients("RequireAndVerifyClientCert", "  client_allowed_sans: [fabrikam.com]\n"))
        let daemon = try await site.start()
        let folder = site.certificates.path
        let client = """
            import socket, ssl, sys
            folder, port = sys.argv[1:]
            context = ssl.create_default_context(cafile=folder + "/root.pem")
            context.load_cert_chain(folder + "/client.pem", folder + "/client.key")
            for _ in range(20):
                incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
                tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
                peer = socket.create_connection(("127.0.0.1", int(port)))
                while True:
                    try: tls.do_handshake()
                    except ssl.SSLWantReadError:
                        peer.sendall(outgoing.read())
                        incoming.write(peer.recv(65536))
                        continue
                    break
                tls.write(b"POST /-/reload HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 0\\r\\n\\r\\n")
                peer.sendall(outgoing.read())
                try:
                    while peer.recv(65536): pass
                except OSError: pass
            """
        let port = String(daemon.address.split(separator: ":").last ?? "")
        let ended = try await Program.run(Program.python, ["-c", client, folder, port])
        #expect(ended.status == 0, "\(ended)")
        #expect(!daemon.program.errors.contains("configuration reloaded"), "\(daemon.program.errors)")
    }

    @Test("a session to the control socket needs no login")
    func socket() async throws {
        let site = try await WebSite()
        try site.write(WebStartTests.tls + WebSite.users)
        let daemon = try await site.start()
        #expect(try await Program.run(AgentSite.executable, ["health", "--config", site.directory.path + "/agent.yaml"]).status == 0)
        withExtendedLifetime(daemon) {}
    }
}
