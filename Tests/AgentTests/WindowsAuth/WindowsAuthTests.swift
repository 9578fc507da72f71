import FoundationEssentials
import TestSupport
import Testing

/// Windows authentication against a real Kerberos realm, Apache's mod_auth_gssapi, and NTLM by pyspnego; all on loopback.
@Suite(.serialized) struct WindowsAuthTests {
    /// A module with an account.
    private static func module(_ name: String, _ account: String, _ more: String = "") -> String {
        "  \(name): { prober: http, timeout: 30s, http: { preferred_ip_protocol: ip4, windows_auth: { \(account) }\(more) } }\n"
    }

    private static let ntlm = "scheme: ntlm, username: 'FABRIKAM\\anne'"

    /// What the agent says of a target: the verdict, and the run's own text.
    private func probe(_ module: String, _ target: String, by daemon: Daemon) async throws -> (succeeded: Bool, text: String) {
        let text = try await daemon.get("/probe?module=\(module)&target=\(target)&debug=true")
        #expect(!text.contains("planted") && !daemon.program.errors.contains("planted"), "\(text)")
        return (text.contains("\nprobe_success 1"), text)
    }

    private func agent(_ modules: [String], _ environment: [String: String], _ directory: TemporaryDirectory) async throws -> Daemon {
        try await Daemon.serving(modules: "modules:\n" + modules.joined(), environment: environment, in: directory)
    }

    @Test(
        "a ticket is obtained with a password, a file of it, or a keytab; what keeps it from being obtained is said, and is not the server's fault"
    )
    func kerberos() async throws {
        let realm = try await KerberosRealm()
        let site = try await GSSAPIServer(realm)
        let directory = try TemporaryDirectory()
        try directory.write("password", KerberosRealm.password + "\n")
        let negotiate = "scheme: negotiate, username: "
        let daemon = try await agent(
            [
                Self.module("keytab", negotiate + "svc-agent, keytab: \(realm.accountKeytab)"),
                Self.module("file", negotiate + "svc-agent@FABRIKAM.TEST, password_file: \(directory.path)/password"),
                Self.module("text", negotiate + "svc-agent, password: \(KerberosRealm.password)"),
                Self.module("wrong", negotiate + "svc-agent, password: planted-wrong"),
                Self.module("stranger", negotiate + "nobody, password: planted-wrong"),
                Self.module("away", negotiate + "svc-agent@AWAY.TEST, password: planted-wrong"),
                Self.module("nofile", negotiate + "svc-agent, password_file: \(directory.path)/none"),
                Self.module("nokeytab", negotiate + "svc-agent, keytab: \(directory.path)/none"),
                Self.module("ntlm", Self.ntlm + ", password: planted-wrong"),
            ], realm.environment, directory)
        let url = "http://localhost:\(site.port)/"
        for module in ["keytab", "file", "text"] {
            let (succeeded, text) = try await probe(module, url, by: daemon)
            #expect(succeeded && text.contains("\nprobe_http_status_code 200"), "\(module): \(text)")
        }
        let refused = [
            ("wrong", url, "kerberos_failed", "refused the login of svc-agent"),
            ("stranger", url, "kerberos_failed", "not found in Kerberos database"),
            ("away", url, "kerberos_failed", "AWAY.TEST"), ("nofile", url, "credential_unreadable", "\(directory.path)/none"),
            ("nokeytab", url, "kerberos_failed", "\(directory.path)/none"),
            ("keytab", "http://127.0.0.1:\(site.port)/", "kerberos_failed", "HTTP/127.0.0.1"),
            ("ntlm", url, "login_refused", "does not offer ntlm, only negotiate"),
        ]
        for (module, target, reason, words) in refused {
            let (succeeded, text) = try await probe(module, target, by: daemon)
            #expect(!succeeded && text.contains(reason) && text.contains(words), "\(module): \(text)")
        }
    }

    @Test("a login over TLS is bound to the server's certificate")
    func binding() async throws {
        let realm = try await KerberosRealm()
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let (own, other) = (try await certificates.leaf("own", by: root), try await certificates.leaf("other", by: root))
        let environment = realm.environment.merging(["KRB5_KTNAME": realm.serviceKeytab]) { $1 }
        let server = try await SPNEGOServer.start("Negotiate", tls: own, bound: own.certificate, environment: environment)
        let forged = try await SPNEGOServer.start("Negotiate", tls: own, bound: other.certificate, environment: environment)
        let module = Self.module(
            "m", "scheme: negotiate, username: svc-agent, keytab: \(realm.accountKeytab)", ", tls_config: { ca_file: \(root.certificate) }")
        let daemon = try await agent([module], realm.environment, try TemporaryDirectory())
        let (succeeded, text) = try await probe("m", "https://localhost:\(server.port)/", by: daemon)
        #expect(succeeded, "\(text)\n\(server.program.errors)")
        let (isFooled, refusal) = try await probe("m", "https://localhost:\(forged.port)/", by: daemon)
        #expect(!isFooled && refusal.contains("login_refused") && refusal.contains("refused the login of svc-agent"), "\(refusal)")
        #expect(forged.program.errors.contains("BadChannelBindings"), "\(forged.program.errors)")
    }

    @Test("NTLM logs in over one connection, with a domain, and a refusal names the account and not the password")
    func ntlm() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("users", "FABRIKAM:anne:\(KerberosRealm.password)\n")
        let server = try await SPNEGOServer.start("NTLM", environment: ["NTLM_USER_FILE": directory.path + "/users"])
        let daemon = try await agent(
            [
                Self.module("right", Self.ntlm + ", password: \(KerberosRealm.password)"),
                Self.module("wrong", Self.ntlm + ", password: planted-wrong"),
                Self.module("negotiate", "scheme: negotiate, username: anne, password: planted-wrong"),
            ], [:], directory)
        let url = "http://localhost:\(server.port)/"
        let (succeeded, text) = try await probe("right", url, by: daemon)
        #expect(succeeded, "\(text)\n\(server.program.errors)")
        let (isFooled, refusal) = try await probe("wrong", url, by: daemon)
        #expect(!isFooled && refusal.contains("login_refused") && refusal.contains("refused the login of FABRIKAM\\anne"), "\(refusal)")
        let (_, other) = try await probe("negotiate", url, by: daemon)
        #expect(other.contains("login_refused") && other.contains("does not offer negotiate, only ntlm"), "\(other)")
    }

    @Test(
        "a server that asks again and again gets one answer, and what is left of its login disturbs no later one",
        arguments: ["again", "gone"])
    func endless(path: String) async throws {
        let directory = try TemporaryDirectory()
        try directory.write("users", "FABRIKAM:anne:\(KerberosRealm.password)\n")
        let server = try await SPNEGOServer.start("NTLM", environment: ["NTLM_USER_FILE": directory.path + "/users"])
        let daemon = try await agent([Self.module("m", Self.ntlm + ", password: \(KerberosRealm.password)")], [:], directory)
        for round in 1...3 {
            let (isFooled, text) = try await probe("m", "http://localhost:\(server.port)/\(path)", by: daemon)
            #expect(!isFooled && text.contains("login_refused"), "\(text)")
            let asked = server.program.errors.split(separator: "\n").count { $0.hasPrefix("asked NTLM") }
            // Those of the logins that succeed are two.
            #expect(asked <= 4 * round + 2 * (round - 1), "\(server.program.errors)")
            let (succeeded, good) = try await probe("m", "http://localhost:\(server.port)/", by: daemon)
            #expect(succeeded, "\(good)")
        }
    }

    @Test("protocol-health logs in to virtual directories that ask for Windows authentication")
    func protocolHealth() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("users", "FABRIKAM:anne:\(KerberosRealm.password)\n")
        try directory.write("password", KerberosRealm.password)
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let leaf = try await certificates.leaf("own", by: root)
        let server = try await SPNEGOServer.start("NTLM", tls: leaf, environment: ["NTLM_USER_FILE": directory.path + "/users"])
        try directory.write(
            "agent.yaml",
            "stateDirectory: state\ntls: { caFile: \(root.certificate) }\nservers: [{ name: localhost, address: '\(server.address)' }]\n")
        for (name, account) in [
            ("Right", "    windowsAuth: { scheme: ntlm, user: 'FABRIKAM\\anne', passwordFile: ../password }\n"), ("Nobody", ""),
        ] {
            try directory.write(
                "probes/\(name).yaml",
                "healthSet: Exchange\nname: \(name)\nkind: protocol-health\noptions:\n    protocols: [mapi]\n\(account)")
        }
        func invoke(_ name: String) async throws -> Program.Ended {
            let files = ["--config", directory.path + "/agent.yaml", "--probes", directory.path + "/probes"]
            return try await Program.run(AgentSite.executable, ["invoke", name, "--server", "localhost", "--local"] + files)
        }
        let (right, nobody) = (try await invoke("Right"), try await invoke("Nobody"))
        #expect(right.status == 0, "\(right)\n\(server.program.errors)")
        #expect(nobody.status != 0 && nobody.output.contains("status 401"), "\(nobody)")
    }

    @Test("a proxy gets its own ticket, whether it forwards a request or opens a tunnel; without one it refuses")
    func proxy() async throws {
        let realm = try await KerberosRealm()
        let proxy = try await GSSAPIServer(realm)
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let leaf = try await certificates.leaf("own", by: root)
        let environment = realm.environment.merging(["KRB5_KTNAME": realm.serviceKeytab]) { $1 }
        let plain = try await SPNEGOServer.start("Negotiate", environment: environment)
        let tls = try await SPNEGOServer.start("Negotiate", tls: leaf, bound: leaf.certificate, environment: environment)
        let account = "scheme: negotiate, username: svc-agent, keytab: \(realm.accountKeytab)"
        let way = ", proxy_url: 'http://localhost:\(proxy.port)', tls_config: { ca_file: \(root.certificate) }"
        let daemon = try await agent(
            [
                Self.module("both", account, way + ", proxy_windows_auth: { \(account) }"),
                Self.module("server", account, way),
            ], realm.environment, try TemporaryDirectory())
        for url in ["http://localhost:\(plain.port)/", "https://localhost:\(tls.port)/"] {
            let (succeeded, text) = try await probe("both", url, by: daemon)
            #expect(succeeded, "\(text)")
        }
        let (succeeded, text) = try await probe("server", "https://localhost:\(tls.port)/", by: daemon)
        #expect(!succeeded && text.contains("proxy_authentication"), "\(text)")
    }

    @Test("a Kerberos server that does not answer costs its own probe its timeout, and no other probe anything")
    func silent() async throws {
        let directory = try TemporaryDirectory()
        let silent = try await PythonServer(
            """
            listener = listen()
            datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            datagrams.bind(("127.0.0.1", listener.getsockname()[1]))
            while datagrams.recv(65536): say("question")
            """)
        let server = try await PythonServer(
            """
            import http.server
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    self.send_response(401 if self.path == "/account" else 200)
                    self.send_header("WWW-Authenticate", "Negotiate")
                    self.end_headers()
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            ready(server.server_port)
            server.serve_forever()
            """)
        try directory.write(
            "krb5.conf",
            """
            [libdefaults]
              default_realm = SILENT.TEST
              dns_lookup_kdc = false
              dns_canonicalize_hostname = false
            [realms]
              SILENT.TEST = {
                kdc = 127.0.0.1:\(silent.port)
              }

            """)
        let account = Self.module("account", "scheme: negotiate, username: svc-agent, password: planted-wrong")
            .replacing("timeout: 30s", with: "timeout: 1s")
        let daemon = try await agent(
            [account, "  plain: { prober: http, timeout: 30s }\n"], ["KRB5_CONFIG": directory.path + "/krb5.conf"], directory)
        async let stuck = probe("account", "http://127.0.0.1:\(server.port)/account", by: daemon)
        #expect(await silent.said("question"))
        let other = try await probe("plain", "http://127.0.0.1:\(server.port)/", by: daemon)
        #expect(other.succeeded, "\(other.text)")
        let (succeeded, text) = try await stuck
        #expect(
            !succeeded && text.contains("no Kerberos server responded in time")
                && text.contains("reason=\"kerberos_failed\",severity=\"unknown\""), "\(text)")
    }
}
