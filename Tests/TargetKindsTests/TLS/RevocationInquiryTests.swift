import FoundationEssentials
import Probing
import TargetKinds
import TestSupport
import Testing
import Transfers

/// `revocation` of kind `tls`: an OCSP responder, and revocation lists that a web server publishes.
@Suite struct RevocationInquiryTests {
    private let certificates: TestCertificates
    private let root: TestCertificates.Identity
    /// Where the responder listens.
    private let responderPort = FreePort.one()

    init() async throws {
        certificates = try TestCertificates()
        root = try await certificates.root("root")
    }

    private func leaf(_ name: String, _ extensions: String = "") async throws -> TestCertificates.Identity {
        try await certificates.issue(name, "subjectAltName = DNS:localhost\n" + extensions, by: root)
    }

    private func ca(_ name: String, _ arguments: String...) async throws {
        let ended = try await Program.run(
            "openssl",
            ["ca", "-batch", "-config", "\(certificates.path)/\(name).cnf", "-cert", root.certificate, "-keyfile", root.key] + arguments)
        #expect(ended.status == 0, "\(arguments): \(ended.errors)")
    }

    /// Its answers are made by `openssl ocsp`, whose own server hangs after a connection without a request.
    private func responder(signer: TestCertificates.Identity) async throws -> PythonServer {
        try await PythonServer(
            """
            import http.server, subprocess
            directory, issuer, signer, key, port = sys.argv[1:]
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_POST(self):
                    open(directory + "/request", "wb").write(self.rfile.read(int(self.headers["Content-Length"])))
                    subprocess.run(["openssl", "ocsp", "-index", directory + "/index.txt", "-CA", issuer, "-rsigner", signer, "-rkey", key,
                        "-ndays", "1", "-reqin", directory + "/request", "-respout", directory + "/response"], check=True, capture_output=True)
                    body = open(directory + "/response", "rb").read()
                    self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
                def log_message(self, *arguments): pass
            httpd = http.server.HTTPServer(("127.0.0.1", int(port)), Handler)
            ready(httpd.server_address[1])
            httpd.serve_forever()
            """, [certificates.path, root.certificate, signer.certificate, signer.key, String(responderPort)])
    }

    private func run(
        _ server: PythonServer, _ source: String = "ocsp", _ services: TargetServices? = nil, forecastAt date: Date? = nil
    ) async throws -> KindRun {
        try await KindRun(
            "tls", Target("localhost:\(server.port)"),
            ["revocation": .text(source), "tls_config": ["ca_file": .text(root.certificate)], "preferred_ip_protocol": "ip4"],
            services: services, forecastAt: date)
    }

    private func status(_ run: KindRun) -> Double? {
        run.outcome.observations.lazy.flatMap(\.measurements).first { $0.metric.name == "probe_tls_revocation_status" }?.value
    }

    @Test("a responder is asked: good, revoked; an answer is used again until the caches are cleared")
    func responder() async throws {
        let leaf = try await leaf("leaf", "authorityInfoAccess = OCSP;URI:http://127.0.0.1:\(responderPort)/")
        let server = try await TLSPeer.start(leaf.certificate, leaf.key)
        let services = TargetServices(transfers: Transfers(), userAgent: "agent/test")
        do {
            let responder = try await responder(signer: root)
            defer { withExtendedLifetime(responder) {} }
            let good = try await run(server, "any", services)
            #expect(good.result == .succeeded && good.outcome.findings.isEmpty && status(good) == 0, good.story)
        }
        // A forecast goes by the last answer, and neither asks nor keeps one of its own.
        let later = Date(timeIntervalSinceNow: 20 * 86_400)
        let known = try await run(server, "ocsp", services, forecastAt: later)
        #expect(known.result == .succeeded && known.outcome.findings.isEmpty && status(known) == 0, known.story)
        let unknown = try await run(server, "ocsp", forecastAt: later)
        #expect(unknown.result == .succeeded && unknown.outcome.findings.isEmpty && status(unknown) == nil, unknown.story)
        try await ca("leaf", "-revoke", leaf.certificate)
        let responder = try await responder(signer: root)
        defer { withExtendedLifetime(responder) {} }
        #expect(try await run(server, "ocsp", services).outcome.findings.isEmpty)
        services.clearCaches()
        let revoked = try await run(server, "ocsp", services)
        #expect(revoked.reason == .certificateRevoked && revoked.result == .failed && status(revoked) == 1, revoked.story)
        #expect(revoked.sentence.contains("was revoked on ") && revoked.sentence.contains("http://127.0.0.1:\(responderPort)/"))
    }

    @Test("a responder that is none, or whose answer somebody else has signed: it is not known, and no failure")
    func unknown() async throws {
        let leaf = try await leaf("leaf", "authorityInfoAccess = OCSP;URI:http://127.0.0.1:\(responderPort)/")
        let server = try await TLSPeer.start(leaf.certificate, leaf.key)
        let refused = try await run(server)
        #expect(refused.outcome.findings.map(\.reason) == [.revocationUnknown] && refused.result == .succeeded, refused.story)
        #expect(status(refused) == 2)
        let stranger = try await certificates.root("stranger", commonName: "Stranger")
        let responder = try await responder(signer: stranger)
        defer { withExtendedLifetime(responder) {} }
        let signed = try await run(server)
        #expect(signed.outcome.findings.map(\.reason) == [.revocationUnknown] && signed.result == .succeeded, signed.story)
        #expect(signed.outcome.findings.first?.sentence.contains("signature cannot be verified") == true, signed.story)
    }

    @Test("a certificate that names nobody is left out; one that is not verified is not asked about")
    func unnamed() async throws {
        let plain = try await TLSPeer.start(leaf("plain").certificate, "\(certificates.path)/plain.key")
        for source in ["ocsp", "crl", "any"] {
            let run = try await run(plain, source)
            #expect(run.outcome.findings.isEmpty && status(run) == nil && run.result == .succeeded, run.story)
        }
        let named = try await leaf("named", "authorityInfoAccess = OCSP;URI:http://127.0.0.1:\(responderPort)/")
        let server = try await TLSPeer.start(named.certificate, named.key)
        let other = try await certificates.root("other", commonName: "Other")
        let distrusted = try await KindRun(
            "tls", Target("localhost:\(server.port)"),
            ["revocation": "any", "tls_config": ["ca_file": .text(other.certificate)], "preferred_ip_protocol": "ip4"])
        #expect(distrusted.outcome.findings.map(\.reason) == [.certificateUntrusted] && status(distrusted) == nil, distrusted.story)
    }

    /// A web server of the certificates' directory.
    private func publisher() async throws -> PythonServer {
        try await PythonServer(
            """
            import http.server
            class Handler(http.server.SimpleHTTPRequestHandler):
                def __init__(self, *arguments): super().__init__(*arguments, directory=sys.argv[1])
                def log_message(self, *arguments): pass
            httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            ready(httpd.server_address[1])
            httpd.serve_forever()
            """, [certificates.path])
    }

    @Test("a list is fetched once for all certificates of its issuer, and again after the caches are cleared")
    func shared() async throws {
        let published = try await publisher()
        let services = TargetServices(transfers: Transfers(), userAgent: "agent/test")
        var servers: [PythonServer] = []
        for name in ["one", "two"] {
            let leaf = try await leaf(name, "crlDistributionPoints = URI:http://\(published.address)/list.crl")
            servers.append(try await TLSPeer.start(leaf.certificate, leaf.key))
        }
        let path = certificates.path + "/list.crl"
        try await ca("one", "-revoke", certificates.path + "/two.pem")
        try await ca("one", "-gencrl", "-crldays", "1", "-out", path)
        let one = try await run(servers[0], "crl", services)
        #expect(one.outcome.findings.isEmpty && status(one) == 0, one.story)
        try FileManager.default.removeItem(atPath: path)
        let two = try await run(servers[1], "crl", services)
        #expect(two.reason == .certificateRevoked && status(two) == 1, two.story)
        services.clearCaches()
        let cleared = try await run(servers[1], "crl", services)
        #expect(cleared.outcome.findings.map(\.reason) == [.revocationUnknown], cleared.story)
    }

    @Test("a published list is fetched: good, revoked, out of date, of another issuer, no list at all")
    func list() async throws {
        let published = try await publisher()
        let leaf = try await leaf("leaf", "crlDistributionPoints = URI:http://\(published.address)/list.crl")
        let server = try await TLSPeer.start(leaf.certificate, leaf.key)
        let path = certificates.path + "/list.crl"
        let absent = try await run(server, "crl")
        #expect(absent.outcome.findings.map(\.reason) == [.revocationUnknown], absent.story)
        #expect(absent.outcome.findings.first?.sentence.contains("HTTP 404") == true, absent.story)
        try await ca("leaf", "-gencrl", "-crldays", "1", "-out", path)
        let good = try await run(server, "crl")
        #expect(good.result == .succeeded && good.outcome.findings.isEmpty && status(good) == 0, good.story)
        try await ca("leaf", "-revoke", leaf.certificate)
        try await ca("leaf", "-gencrl", "-crldays", "1", "-out", path)
        let revoked = try await run(server, "any")
        #expect(revoked.reason == .certificateRevoked && status(revoked) == 1, revoked.story)
        // Its scope counts: only this address, only authorities, only another address.
        for (scope, reason) in [
            ("fullname = URI:http://\(published.address)/list.crl", Reason.certificateRevoked), ("onlyCA = TRUE", .revocationUnknown),
            ("fullname = URI:http://\(published.address)/other.crl", .revocationUnknown),
        ] {
            let plain = try certificates.directory.text("leaf.cnf")
            try certificates.directory.write(
                "scoped.cnf", plain + "\n[scope]\nissuingDistributionPoint = critical, @point\n[point]\n\(scope)\n")
            try await ca("scoped", "-gencrl", "-crlexts", "scope", "-crldays", "1", "-out", path)
            let scoped = try await run(server, "crl")
            #expect(scoped.outcome.findings.map(\.reason) == [reason], "\(scope): \(scoped.outcome.findings)")
        }
        try await ca("leaf", "-gencrl", "-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20200102000000Z", "-out", path)
        let stale = try await run(server, "crl")
        #expect(stale.outcome.findings.map(\.reason) == [.revocationUnknown], stale.story)
        #expect(stale.outcome.findings.first?.sentence.contains("valid until 2020-01-02") == true, stale.story)
        let other = try await certificates.root("other", commonName: "Other")
        let ended = try await Program.run(
            "openssl",
            [
                "ca", "-gencrl", "-config", "\(certificates.path)/leaf.cnf", "-cert", other.certificate, "-keyfile", other.key, "-crldays",
                "1", "-out", path,
            ])
        #expect(ended.status == 0)
        let foreign = try await run(server, "crl")
        #expect(foreign.outcome.findings.first?.sentence.contains("another issuer") == true, foreign.story)
    }
}
