import FoundationEssentials
import Probing
import TargetKinds
import TestSupport
import Testing

/// What can be wrong with a TLS server, as kind `tls` tells it: the verdict, its reason, and that the certificates are recorded all the same.
@Suite struct CertificateTableTests {
    /// What a server presents: a PEM file with the leaf first, and its key.
    typealias Peer = (presented: String, key: String)

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Nil: verified.
        let reason: Reason?
        /// How many certificates are recorded.
        var count = 1
        /// Lines of Python that set the server's `context`.
        var context = ""
        /// The host of the target.
        var host = "localhost"
        /// The name asked for in place of it.
        var name: String?
        let make: @Sendable (TestCertificates, TestCertificates.Identity) async throws -> Peer
    }

    private typealias Algorithms = TestCertificates.Algorithms
    private static let san = "subjectAltName = DNS:localhost"

    /// A leaf with these extensions below the trusted root.
    private static func leaf(
        _ name: String, _ reason: Reason?, _ extensions: String = san, days: ClosedRange<Int> = -1...30,
        algorithms: Algorithms = Algorithms(), longKey: Int? = nil, subject: String? = nil, host: String = "localhost",
        asked: String? = nil,
        context: String = ""
    ) -> Case {
        Case(testDescription: name, reason: reason, context: context, host: host, name: asked) { certificates, root in
            let key = if let longKey { try await certificates.longKey(bits: longKey) } else { String?.none }
            let leaf = try await certificates.issue(
                "leaf", extensions, days: days, algorithms: algorithms, subject: subject, key: key, by: root)
            return (leaf.certificate, leaf.key)
        }
    }

    /// A leaf below an issuer below the trusted root.
    /// - Parameter presented: which are presented, of `leaf`, `issuer`, `root` and `other`, which nobody needs.
    private static func chain(
        _ name: String, _ reason: Reason?, _ presented: [String], days: ClosedRange<Int> = -1...30, issuer extensions: String = "",
        leafDays: ClosedRange<Int> = -1...30, algorithms: Algorithms = Algorithms()
    ) -> Case {
        Case(testDescription: name, reason: reason, count: presented.count) { certificates, root in
            let issuer = try await certificates.intermediate("issuer", days: days, extensions, algorithms: algorithms, by: root)
            let leaf = try await certificates.issue("leaf", san, days: leafDays, by: issuer)
            let other = try await certificates.leaf("other", "DNS:other.test", days: -10 ... -1, by: root)
            let all = ["leaf": leaf, "issuer": issuer, "root": root, "other": other]
            return (try certificates.joined("chain.pem", presented.compactMap { all[$0] }), leaf.key)
        }
    }

    private static func wildcard(_ name: String, _ reason: Reason?, excluded: String) -> Case {
        Case(testDescription: name, reason: reason, count: 2) { certificates, root in
            let issuer = try await certificates.intermediate("issuer", "nameConstraints = critical, excluded;DNS:\(excluded)", by: root)
            let leaf = try await certificates.issue("leaf", san + ", DNS:*.local.test", by: issuer)
            return (try certificates.joined("chain.pem", leaf, issuer), leaf.key)
        }
    }

    private static func names(_ count: Int) -> String {
        "subjectAltName = @names\n[names]\n" + (0..<count).map { "DNS.\($0) = host\($0).test\n" }.joined() + "DNS.\(count) = localhost"
    }

    private static let cases: [Case] = [
        leaf("valid", nil), leaf("expired", .certificateExpired, days: -30 ... -1),
        leaf("not yet valid", .certificateNotYetValid, days: 1...30),
        leaf("another host", .certificateNameMismatch, "subjectAltName = DNS:wrong.test"),
        leaf("the common name alone", .certificateNameMismatch, "basicConstraints = CA:false"),
        leaf("a wildcard for another label", .certificateNameMismatch, "subjectAltName = DNS:*.localhost"),
        leaf("a wildcard", nil, "subjectAltName = DNS:*.fabrikam.com", asked: "mail.fabrikam.com"),
        leaf("an address", nil, "subjectAltName = IP:127.0.0.1", host: "127.0.0.1"),
        leaf("another address", .certificateNameMismatch, "subjectAltName = IP:127.0.0.2", host: "127.0.0.1"),
        leaf("an A-label", nil, "subjectAltName = DNS:xn--mnchen-3ya.test", asked: "xn--mnchen-3ya.test"),
        leaf("the A-label of a U-label", nil, "subjectAltName = DNS:xn--mnchen-3ya.test", asked: "m\u{FC}nchen.test"),
        leaf("another A-label", .certificateNameMismatch, "subjectAltName = DNS:xn--mnchen-3ya.test", asked: "m\u{FC}nster.test"),
        leaf("no common name", nil, subject: "/O=Fabrikam"),
        leaf("no subject", nil, "subjectAltName = critical, DNS:localhost", subject: "/"),
        leaf("valid for longer than its root", nil, days: -1...60),
        leaf("1000 names", nil, names(1000)), leaf("10000 names", nil, names(10_000)),
        leaf("for clients only", .certificateUntrusted, san + "\nextendedKeyUsage = clientAuth"),
        leaf("an authority as a server", nil, san + "\nbasicConstraints = critical, CA:true\nkeyUsage = keyCertSign, digitalSignature"),
        leaf("valid for ten years", nil, days: -1...3650),
        leaf("P-384", nil, algorithms: Algorithms(key: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"])),
        leaf("Ed25519", nil, algorithms: Algorithms(key: ["-algorithm", "ED25519"])),
        leaf("RSA 1024", .keyTooSmall, algorithms: .rsa(1024)), leaf("RSA 2048", nil, algorithms: .rsa(2048)),
        leaf("RSA 4096", nil, algorithms: .rsa(4096)), leaf("RSA 8192", nil, longKey: 8192), leaf("RSA 16384", nil, longKey: 16384),
        leaf("SHA-1", .signatureWeak, algorithms: .signed("sha1")),
        Case(testDescription: "self-signed", reason: .certificateUntrusted) { certificates, _ in
            let own = try await certificates.issue("own", san, by: nil)
            return (own.certificate, own.key)
        },
        Case(testDescription: "an unknown root", reason: .certificateUntrusted, count: 2) { certificates, _ in
            let stranger = try await certificates.root("stranger", commonName: "Stranger")
            let leaf = try await certificates.leaf("leaf", by: stranger)
            return (try certificates.joined("chain.pem", leaf, stranger), leaf.key)
        },
        Case(testDescription: "an expired cross-signed root beside the trusted one", reason: nil, count: 3) { certificates, root in
            let old = try await certificates.root("old", days: -60 ... -1, commonName: "Old Root")
            let crossed = try await certificates.issue(
                "crossed", "basicConstraints = critical, CA:true", days: -60 ... -1, subject: "/CN=Test Root", key: root.key, by: old)
            let issuer = try await certificates.intermediate("issuer", by: root)
            let leaf = try await certificates.issue("leaf", san, by: issuer)
            return (try certificates.joined("chain.pem", leaf, issuer, crossed), leaf.key)
        },
        chain("whole", nil, ["leaf", "issuer", "root"]), chain("without the root", nil, ["leaf", "issuer"]),
        chain("incomplete", .certificateUntrusted, ["leaf"]), chain("reversed", nil, ["leaf", "root", "issuer"]),
        chain("with an expired certificate that nobody needs", nil, ["leaf", "issuer", "other"]),
        chain("an expired issuer of a valid leaf", .certificateExpired, ["leaf", "issuer"], days: -30 ... -1),
        chain("an expired leaf of a valid issuer", .certificateExpired, ["leaf", "issuer"], leafDays: -30 ... -1),
        chain("an issuer with a small key", .keyTooSmall, ["leaf", "issuer"], algorithms: .rsa(1024)),
        chain("an issuer signed with SHA-1", .signatureWeak, ["leaf", "issuer"], algorithms: .signed("sha1")),
        Case(
            testDescription: "a common name, which is not compared, that the issuer may not vouch for", reason: nil, count: 2,
            host: "127.0.0.1"
        ) {
            certificates, root in
            let issuer = try await certificates.intermediate("issuer", "nameConstraints = critical, permitted;DNS:fabrikam.com", by: root)
            let leaf = try await certificates.issue("leaf", "subjectAltName = IP:127.0.0.1", subject: "/CN=mail.contoso.com", by: issuer)
            return (try certificates.joined("chain.pem", leaf, issuer), leaf.key)
        },
        chain(
            "a name that the issuer may not vouch for", .certificateUntrusted, ["leaf", "issuer"],
            issuer: "nameConstraints = critical, permitted;DNS:fabrikam.com"),
        wildcard("a wildcard over a name that the issuer must not vouch for", .certificateUntrusted, excluded: "bar.local.test"),
        wildcard("a wildcard beside a name that the issuer must not vouch for", nil, excluded: "bar.other.test"),
        wildcard("a wildcard over subdomains that the issuer must not vouch for", nil, excluded: "a.bar.local.test"),
        leaf(
            "a client certificate demanded", .clientCertificateRequired,
            context:
                "context.maximum_version = ssl.TLSVersion.TLSv1_2; context.verify_mode = ssl.CERT_REQUIRED; context.load_verify_locations(sys.argv[1])"
        ),
        leaf(
            "TLS 1.1 only", .tlsHandshakeFailed,
            context: "context.minimum_version = ssl.TLSVersion.TLSv1; context.maximum_version = ssl.TLSVersion.TLSv1_1"),
    ]

    @Test("each fault has its own reason, and what was presented is recorded", arguments: cases)
    func table(row: Case) async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let peer = try await row.make(certificates, root)
        let server = try await TLSPeer.start(peer.presented, peer.key, more: row.context)
        var trust: Written = ["ca_file": .text(root.certificate)]
        if let name = row.name { trust = trust.with("server_name", .text(name)) }
        let run = try await KindRun("tls", "\(row.host):\(server.port)", ["tls_config": trust])
        #expect(run.reason == row.reason && run.result == (row.reason == nil ? .succeeded : .failed), run.story)
        let isWithoutCertificates = row.reason == .tlsHandshakeFailed
        #expect(
            run.certificates.count == (isWithoutCertificates ? 0 : row.count) && run.stage == (row.reason == nil ? nil : .tls), run.story)
        // Every presented certificate has its days and its key, though it was refused.
        let metrics = run.outcome.observations.flatMap(\.measurements).map(\.metric.name)
        let ends = metrics.count { $0 == "probe_certificate_not_after_timestamp_seconds" }
        #expect(ends == run.certificates.count && metrics.count { $0 == "probe_certificate_key_size" } == ends)
    }

    @Test(
        "a server that speaks no TLS, ends or is silent",
        arguments: [
            ("send(b'220 hello\\r\\n'); peer.recv(1000)", Reason.tlsHandshakeFailed), ("pass", .connectionReset),
            ("peer.recv(1000); send(b'\\x15\\x03\\x03\\x00\\x02\\x02\\x28'); peer.recv(1000)", .tlsHandshakeFailed),
            ("peer.recv(1000); peer.recv(1000)", .timeout),
        ])
    func silence(body: String, reason: Reason) async throws {
        let server = try await PythonServer.serving(body)
        let run = try await KindRun("tls", server.address, within: reason == .timeout ? .milliseconds(300) : .seconds(10))
        #expect(run.reason == reason && run.stage == .tls && run.certificates.isEmpty, run.story)
    }
}
