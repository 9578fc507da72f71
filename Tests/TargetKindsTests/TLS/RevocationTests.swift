import FoundationEssentials
import Probing
import TargetKinds
import TestSupport
import Testing
import Transfers

/// Revocation as kind `tls` sees it: stapled OCSP responses by `openssl ocsp`, sent by `openssl s_server`, and revocation lists in a file.
@Suite struct RevocationTests {
    private let certificates: TestCertificates
    private let root: TestCertificates.Identity

    init() async throws {
        certificates = try TestCertificates()
        root = try await certificates.root("root")
    }

    private func openssl(_ arguments: String...) async throws {
        let ended = try await Program.run("openssl", arguments)
        #expect(ended.status == 0, "\(arguments): \(ended.errors)")
    }

    private func revoke(_ name: String) async throws {
        try await openssl(
            "ca", "-batch", "-config", "\(certificates.path)/\(name).cnf", "-cert", root.certificate, "-keyfile", root.key, "-revoke",
            "\(certificates.path)/\(name).pem")
    }

    /// - Parameters:
    ///   - signer: of the response.
    ///   - subject: the certificate that the response is about.
    private func response(_ name: String, about subject: String, signer: TestCertificates.Identity, days: Int = 1) async throws -> String {
        let path = "\(certificates.path)/\(name).ocsp"
        try await openssl(
            "ocsp", "-index", "\(certificates.path)/index.txt", "-CA", root.certificate, "-issuer", root.certificate, "-rsigner",
            signer.certificate, "-rkey", signer.key, "-cert", subject, "-ndays", String(days), "-noverify", "-respout", path)
        return path
    }

    private func run(
        _ leaf: TestCertificates.Identity, _ more: [String] = [], _ options: Written = [:], lists: String? = nil
    ) async throws -> KindRun {
        let port = FreePort.one()
        let server = try await ListeningProgram(
            "openssl",
            ["s_server", "-accept", "127.0.0.1:\(port)", "-cert", leaf.certificate, "-key", leaf.key, "-www"]
                + more,
            port: port, directory: certificates.directory)
        var trust: Written = ["ca_file": .text(root.certificate)]
        if let lists { trust = trust.with("crl_file", .text(lists)) }
        let trusting = options.with("tls_config", trust).with("preferred_ip_protocol", "ip4")
        let transfers = Transfers()
        let first = try await KindRun("tls", "localhost:\(port)", trusting, transfers: transfers)
        // What is known of the chain from the first run changes nothing. The server does not present the issuer.
        let second = try await KindRun("tls", "localhost:\(port)", trusting, transfers: transfers)
        #expect(first.outcome.findings.map(\.reason) == second.outcome.findings.map(\.reason), second.story)
        withExtendedLifetime(server) {}
        return second
    }

    private func value(_ name: String, _ run: KindRun) -> Double? {
        run.outcome.observations.lazy.flatMap(\.measurements).first { $0.metric.name == name }?.value
    }

    @Test("a stapled response: good, revoked, of another certificate, signed by a stranger or by the server itself, no response at all")
    func stapled() async throws {
        let (leaf, other) = (try await certificates.leaf("leaf", by: root), try await certificates.leaf("other", by: root))
        let stranger = try await certificates.root("stranger", commonName: "Stranger")
        let good = try await run(leaf, ["-status_file", response("good", about: leaf.certificate, signer: root)])
        #expect(good.result == .succeeded && good.outcome.findings.isEmpty, good.story)
        #expect(value("probe_tls_ocsp_stapled", good) == 1 && value("probe_tls_ocsp_status", good) == 0)
        // The certificate is new.
        let share = try #require(value("probe_tls_certificate_lifetime_remaining_ratio", good))
        #expect((0.9...1).contains(share), "\(share)")
        let left = try #require(value("probe_tls_ocsp_next_update_timestamp_seconds", good)) - Date().timeIntervalSince1970
        #expect((0...86_400).contains(left))
        for (name, subject, signer) in [
            ("other", other.certificate, root), ("stranger", leaf.certificate, stranger), ("own", leaf.certificate, leaf),
        ] {
            let run = try await run(leaf, ["-status_file", response(name, about: subject, signer: signer)])
            #expect(run.outcome.findings.map(\.reason) == [.stapleUnusable] && run.result == .succeeded, "\(name): \(run.outcome.findings)")
        }
        let none = try await run(leaf)
        #expect(none.outcome.findings.isEmpty && value("probe_tls_ocsp_stapled", none) == 0, none.story)
        try await revoke("leaf")
        let revoked = try await run(leaf, ["-status_file", response("revoked", about: leaf.certificate, signer: root)])
        #expect(revoked.reason == .certificateRevoked && revoked.stage == .tls && revoked.result == .failed, revoked.story)
        #expect(value("probe_tls_ocsp_status", revoked) == 1 && revoked.sentence.contains("was revoked on "))
    }

    @Test("responses that others have made to be hard to read: none can be used")
    func foreign() async throws {
        let leaf = try await certificates.leaf("leaf", by: root)
        let folder = try await VectorFiles.directory() + "/x509/ocsp"
        var sentences: [String: String] = [:]
        for file in try FileManager.default.contentsOfDirectory(atPath: folder) where file.contains("resp.") || file.hasPrefix("resp-") {
            let run = try await run(leaf, ["-status_file", "\(folder)/\(file)"])
            #expect(run.outcome.findings.map(\.reason) == [.stapleUnusable] && run.result == .succeeded, "\(file): \(run.outcome.findings)")
            sentences[file] = run.sentence
        }
        #expect(sentences.count == 17)
        for (file, clause) in [
            ("resp-sha256.der", "its signature cannot be verified"), ("resp-unauthorized.der", "error of the authority: unauthorized"),
            ("resp-successful-no-response-bytes.der", "no response that can be parsed"),
        ] { #expect(sentences[file]?.contains(clause) == true, "\(file)") }
    }

    @Test("a certificate that demands a stapled response: without one, it is refused")
    func demanded() async throws {
        let leaf = try await certificates.issue("leaf", "subjectAltName = DNS:localhost\ntlsfeature = status_request", by: root)
        let good = try await run(leaf, ["-status_file", response("good", about: leaf.certificate, signer: root)])
        #expect(good.outcome.findings.isEmpty, good.story)
        let none = try await run(leaf)
        #expect(none.reason == .stapleMissing && none.result == .failed, none.story)
        let stranger = try await certificates.root("stranger", commonName: "Stranger")
        let bad = try await run(leaf, ["-status_file", response("bad", about: leaf.certificate, signer: stranger)])
        #expect(bad.reason == .stapleUnusable && bad.result == .failed, bad.story)
    }

    @Test("'alpn': what the server chooses is recorded")
    func alpn() async throws {
        let leaf = try await certificates.leaf("leaf", by: root)
        let run = try await run(leaf, ["-alpn", "http/1.1,h2"], ["alpn": ["h2", "http/1.1"]])
        let chosen = run.outcome.observations.lazy.flatMap(\.measurements).first { $0.metric.name == "probe_tls_alpn_info" }
        #expect(chosen?.labels.map(\.1) == ["http/1.1"], run.story)
        #expect(value("probe_tls_alpn_info", try await self.run(leaf)) == nil)
    }

    /// A revocation list of all that was revoked.
    private func list(_ name: String, by signer: TestCertificates.Identity, _ more: String...) async throws -> String {
        let path = "\(certificates.path)/\(name).crl"
        let ended = try await Program.run(
            "openssl",
            [
                "ca", "-gencrl", "-config", "\(certificates.path)/leaf.cnf", "-cert", signer.certificate, "-keyfile", signer.key, "-out",
                path,
            ]
                + (more.isEmpty ? ["-crldays", "1"] : more))
        #expect(ended.status == 0, "\(ended.errors)")
        return path
    }

    private func looked(up server: PythonServer, in file: String, _ transfers: Transfers) async throws -> KindRun {
        let options: Written = ["tls_config": ["ca_file": .text(root.certificate), "crl_file": .text(file)]]
        return try await KindRun("tls", "localhost:\(server.port)", options, transfers: transfers)
    }

    @Test("'crl_file': an authority of the chain is looked up where there is a list of its issuer")
    func authority() async throws {
        let issuer = try await certificates.intermediate("issuer", by: root)
        let leaf = try await certificates.leaf("leaf", by: issuer)
        let server = try await TLSPeer.start(try certificates.joined("chain.pem", leaf, issuer), leaf.key)
        let own = try await list("own", by: issuer)
        let transfers = Transfers()
        let alone = try await looked(up: server, in: own, transfers)
        #expect(alone.reason == nil, alone.story)
        try await revoke("issuer")
        let rootList = try await list("root", by: root)
        let both = try certificates.joined("both.crl", [own, rootList].map { .init(certificate: $0, key: "") })
        let run = try await looked(up: server, in: both, transfers)
        #expect(run.reason == .certificateRevoked && run.sentence.contains("CN=issuer"), run.story)
        let missing = try await looked(up: server, in: rootList, transfers)
        #expect(missing.reason == .crlMissing, missing.story)
    }

    @Test("'crl_file' beside a stapled response by an authority whose own issuer has no list in it")
    func both() async throws {
        let issuer = try await certificates.intermediate("issuer", by: root)
        let leaf = try await certificates.leaf("leaf", by: issuer)
        let staple = "\(certificates.path)/leaf.ocsp"
        try await openssl(
            "ocsp", "-index", "\(certificates.path)/index.txt", "-CA", issuer.certificate, "-issuer", issuer.certificate, "-rsigner",
            issuer.certificate, "-rkey", issuer.key, "-cert", leaf.certificate, "-ndays", "1", "-noverify", "-respout", staple)
        let lists = try await list("own", by: issuer)
        let run = try await run(leaf, ["-cert_chain", issuer.certificate, "-status_file", staple], lists: lists)
        #expect(run.result == .succeeded && run.outcome.findings.isEmpty && value("probe_tls_ocsp_status", run) == 0, run.story)
    }

    @Test("'crl_file': revoked, not revoked, no list of the issuer, a list that is out of date; also after the verdict was cached")
    func list() async throws {
        let (leaf, other) = (try await certificates.leaf("leaf", by: root), try await certificates.leaf("other", by: root))
        let stranger = try await certificates.root("stranger", commonName: "Stranger")
        let transfers = Transfers()
        let servers = [try await TLSPeer.start(leaf.certificate, leaf.key), try await TLSPeer.start(other.certificate, other.key)]
        func reason(_ server: PythonServer, _ file: String) async throws -> Reason? {
            try await looked(up: server, in: file, transfers).reason
        }
        let before = try await list("before", by: root)
        for server in servers { #expect(try await reason(server, before) == nil) }
        try await revoke("leaf")
        let after = try await list("after", by: root)
        #expect(try await reason(servers[0], after) == .certificateRevoked)
        #expect(try await reason(servers[1], after) == nil)
        #expect(try await reason(servers[0], try await list("stranger", by: stranger)) == .crlMissing)
        let old = try await list("old", by: root, "-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20200102000000Z")
        #expect(try await reason(servers[1], old) == .crlStale)
        await #expect(throws: KindRun.Refused.self) { _ = try await reason(servers[0], root.certificate) }
    }
}
