import Certificates
import FoundationEssentials
import Probing
import TargetKinds
import TestSupport
import Testing
import Transfers

/// What a peer says in a TLS alert is the reason, whenever it comes and whether or not its certificate is verified.
@Suite struct TLSAlertTests {
    /// The ways to a TLS server: each kind, and STARTTLS.
    enum Way: String, CaseIterable, Sendable {
        case https, tcp, starttls, websocket, grpc
    }

    /// A server that demands a certificate of its clients, of the root's own.
    private static func demanding(_ certificates: TestCertificates, _ root: TestCertificates.Identity, _ version: String, _ way: Way)
        async throws -> PythonServer
    {
        let leaf = try await certificates.leaf("leaf", by: root)
        let demand = """
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations('\(root.certificate)')
            context.maximum_version = context.minimum_version = ssl.TLSVersion.TLSv1_\(version)
            """
        guard way == .starttls else {
            return try await TLSPeer.start(
                leaf.certificate, leaf.key, more: demand + (way == .grpc ? "\ncontext.set_alpn_protocols(['h2'])" : ""))
        }
        return try await PythonServer(
            """
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1], sys.argv[2])
            \(demand)
            peer = accept()
            peer.sendall(b"220 ready\\n")
            try:
                peer = context.wrap_socket(peer, server_side=True)
                peer.recv(1000)
            except Exception as error: say("error", error)
            """, [leaf.certificate, leaf.key])
    }

    private static func run(_ way: Way, _ server: PythonServer, _ tls: Written) async throws -> KindRun {
        switch way {
        case .https: try await KindRun("http", "https://\(server.address)/", ["tls_config": tls])
        case .websocket: try await KindRun("websocket", "wss://\(server.address)/", ["http_config": ["tls_config": tls]])
        case .grpc: try await KindRun("grpc", server.address, ["tls": true, "tls_config": tls])
        case .tcp:
            try await KindRun(
                "tcp", server.address, ["tls": true, "tls_config": tls, "query_response": [["send": "hello", "expect": "welcome"]]])
        case .starttls:
            try await KindRun(
                "tcp", server.address,
                ["tls_config": tls, "query_response": [["expect": "^220"], ["starttls": true], ["send": "hello", "expect": "welcome"]]])
        }
    }

    @Test(
        "a missing client certificate is the reason, in TLS 1.2 and 1.3, verified or not",
        arguments: Way.allCases.flatMap { way in [("2", true), ("3", true), ("2", false), ("3", false)].map { (way, $0.0, $0.1) } })
    func missing(way: Way, version: String, verifies: Bool) async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let server = try await Self.demanding(certificates, root, version, way)
        let run = try await Self.run(
            way, server, verifies ? ["ca_file": .text(root.certificate)] : ["insecure_skip_verify": true])
        #expect(run.result == .failed && run.reason == .clientCertificateRequired && run.stage == .tls, run.story)
        #expect(run.sentence.contains("client certificate") && !run.sentence.contains("self-signed"), run.story)
        #expect(run.certificates.first?.subject == "CN=leaf")
        #expect(run.outcome.stages.count { $0.stage == .tls } == 1, run.story)
    }

    @Test("a client certificate that is refused is the reason, and the alert says why", arguments: Way.allCases, ["2", "3"])
    func refused(way: Way, version: String) async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let stranger = try await certificates.root("stranger", commonName: "Stranger")
        let client = try await certificates.leaf("client", by: stranger)
        let server = try await Self.demanding(certificates, root, version, way)
        let run = try await Self.run(
            way, server,
            ["ca_file": .text(root.certificate), "cert_file": .text(client.certificate), "key_file": .text(client.key)])
        #expect(run.result == .failed && run.reason == .clientCertificateRequired && run.stage == .tls, run.story)
        #expect(run.outcome.decisive?.exception.contains("unknown_ca") == true, run.story)
    }

    @Test("Go's TLS says it otherwise, and is understood")
    func go() async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let leaf = try await certificates.leaf("leaf", by: root)
        let port = FreePort.one()
        let web = try certificates.directory.write(
            "web.yml",
            """
            tls_server_config:
              cert_file: \(leaf.certificate)
              key_file: \(leaf.key)
              client_auth_type: RequireAndVerifyClientCert
              client_ca_file: \(root.certificate)
            """)
        let modules = try certificates.directory.write("modules.yml", "modules: { tcp: { prober: tcp } }\n")
        let program = try await ListeningProgram(
            "prometheus-blackbox-exporter",
            ["--config.file=\(modules)", "--web.config.file=\(web)", "--web.listen-address=127.0.0.1:\(port)"], port: port,
            directory: certificates.directory)
        let run = try await KindRun("http", "https://127.0.0.1:\(port)/", ["tls_config": ["insecure_skip_verify": true]])
        #expect(run.reason == .clientCertificateRequired && run.stage == .tls, run.story)
        withExtendedLifetime(program) {}
    }

    @Test("unverified, a handshake that fails for another reason is not told as an untrusted certificate", arguments: ["tcp", "http"])
    func unverified(kind: String) async throws {
        let certificates = try TestCertificates()
        let leaf = try await certificates.issue("leaf", "subjectAltName = IP:127.0.0.1", algorithms: .rsa(2048), by: nil)
        let parameters = "\(certificates.path)/dh.pem"
        let made = try await Program.run(
            "openssl", ["genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:modp_1536", "-out", parameters])
        try #require(made.status == 0, "\(made.errors)")
        let server = try await TLSPeer.start(
            leaf.certificate, leaf.key,
            more: """
                context.set_ciphers("DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0")
                context.maximum_version = ssl.TLSVersion.TLSv1_2
                context.load_dh_params("\(parameters)")
                """)
        let tls: Written = ["insecure_skip_verify": true]
        let run = try await KindRun(
            kind, kind == "tcp" ? server.address : "https://\(server.address)/",
            kind == "tcp" ? ["tls": true, "tls_config": tls] : ["tls_config": tls])
        #expect(run.reason == .tlsHandshakeFailed && run.outcome.decisive?.exception.contains("dh key too small") == true, run.story)
    }

    @Test("a server without secure renegotiation is spoken with, as Go does, and warned of", arguments: ["tcp", "http"])
    func legacyServer(kind: String) async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let leaf = try await certificates.leaf("leaf", by: root)
        let port = FreePort.one()
        let server = try await ListeningProgram(
            "gnutls-serv",
            [
                "--http", "--quiet", "--port", "\(port)", "--x509certfile", leaf.certificate, "--x509keyfile", leaf.key, "--priority",
                "NORMAL:-VERS-ALL:+VERS-TLS1.2:%DISABLE_SAFE_RENEGOTIATION",
            ], port: port, directory: certificates.directory)
        let tls: Written = ["ca_file": .text(root.certificate)]
        let run = try await KindRun(
            kind, kind == "tcp" ? "127.0.0.1:\(port)" : "https://127.0.0.1:\(port)/",
            kind == "tcp" ? ["tls": true, "tls_config": tls] : ["tls_config": tls])
        #expect(run.result == .succeeded && run.tls?.version == "TLS 1.2", run.story)
        #expect(run.reason == .renegotiationInsecure && run.outcome.decisive?.severity == .warning, run.story)
        #expect(run.sentence.contains("RFC 5746"), run.story)
        withExtendedLifetime(server) {}
    }
}
