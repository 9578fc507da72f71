import Certificates
import FoundationEssentials
import Probing
import TestSupport
import Testing
import Transfers

/// What a chain is refused for, and what is told of each certificate in it.
@Suite struct ChainTests {
    private static func options(_ root: TestCertificates.Identity, verifies: Bool = true) -> Written {
        ["tls": true, "tls_config": verifies ? ["ca_file": .text(root.certificate)] : ["insecure_skip_verify": true]]
    }

    enum Weakness: String, CaseIterable, Sendable {
        case shortLeaf, shortIssuer, sha1Leaf, sha1Issuer, md5Leaf

        var reason: Reason { self == .shortLeaf || self == .shortIssuer ? .keyTooSmall : .signatureWeak }
        var words: [String] {
            switch self {
            case .shortLeaf: ["CN=leaf", "1024"]
            case .shortIssuer: ["CN=issuer", "1024"]
            case .sha1Leaf: ["CN=leaf", "sha1"]
            case .sha1Issuer: ["CN=issuer", "sha1"]
            case .md5Leaf: ["CN=leaf", "md5"]
            }
        }
    }

    @Test("a short key and a weak signature are told as what they are, and which certificate has them", arguments: Weakness.allCases)
    func weak(weakness: Weakness) async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root", algorithms: .rsa(2048))
        let issuer = try await certificates.intermediate(
            "issuer",
            algorithms: weakness == .shortIssuer ? .rsa(1024) : .rsa(2048, digest: weakness == .sha1Issuer ? "sha1" : "sha256"), by: root)
        let digest = weakness == .sha1Leaf ? "sha1" : weakness == .md5Leaf ? "md5" : "sha256"
        let leaf = try await certificates.issue(
            "leaf", "subjectAltName = IP:127.0.0.1", algorithms: .rsa(weakness == .shortLeaf ? 1024 : 2048, digest: digest), by: issuer)
        let presented = try certificates.joined("chain.pem", leaf, issuer)
        let server = try await TLSPeer.start(presented, leaf.key)
        let run = try await KindRun("tcp", server.address, Self.options(root))
        #expect(run.reason == weakness.reason && run.stage == .tls, run.story)
        for word in weakness.words { #expect(run.sentence.lowercased().contains(word.lowercased()), run.story) }
        #expect(run.certificates.count == 2)
        let open = try await KindRun("tcp", server.address, Self.options(root, verifies: false))
        #expect(open.result == .succeeded, open.story)
    }

    @Test("an issuer that has ended is the one named, with its date; the leaf's own is not told as ended")
    func expiredIssuer() async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root", days: -60...60)
        let issuer = try await certificates.intermediate("issuer", days: -60 ... -3, by: root)
        let leaf = try await certificates.leaf("leaf", days: -1...30, by: issuer)
        let server = try await TLSPeer.start(try certificates.joined("chain.pem", leaf, issuer), leaf.key)
        let run = try await KindRun("tcp", server.address, Self.options(root))
        #expect(run.reason == .certificateExpired && run.sentence.contains("CN=issuer") && !run.sentence.contains("CN=leaf"), run.story)
        #expect(run.outcome.decisive?.certificate == run.certificates.last?.thumbprint)
        #expect(run.sentence.contains("3 days ago"), run.story)
    }

    @Test("a hundred certificates are accepted, as large as Go accepts; one more is refused", arguments: [99, 100])
    func many(further: Int) async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let leaf = try await certificates.leaf("leaf", by: root)
        let other = try await certificates.issue("other", "nsComment = \(String(repeating: "x", count: 1800))", by: nil)
        let presented = try certificates.joined("chain.pem", [leaf] + Array(repeating: other, count: further))
        let server = try await TLSPeer.start(presented, leaf.key)
        let run = try await KindRun("tcp", server.address, Self.options(root))
        #expect(run.result == (further == 99 ? .succeeded : .failed), run.story)
        #expect(run.certificates.count == 100)
    }

    @Test("a certificate that cannot be read is told, and the others keep their places")
    func unreadable() async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let leaf = try await certificates.leaf("leaf", by: root)
        let broken = try certificates.withoutEnd(leaf)
        let server = try await TLSPeer.start(try certificates.joined("chain.pem", broken, root), leaf.key)
        let open = try await KindRun("tcp", server.address, Self.options(root, verifies: false))
        #expect(open.places == [1] && open.certificates.map(\.subject) == ["CN=Test Root"], open.story)
        #expect(open.result == .succeeded && open.reason == .certificateUnreadable, open.story)
        let run = try await KindRun("tcp", server.address, Self.options(root))
        #expect(run.result == .failed && run.reason == .certificateUnreadable && run.stage == .tls, run.story)

        let later = try await TLSPeer.start(try certificates.joined("second.pem", leaf, broken, root), leaf.key)
        let good = try await KindRun("tcp", later.address, Self.options(root))
        #expect(good.places == [0, 2] && good.result == .succeeded && good.reason == .certificateUnreadable, good.story)
    }

    @Test("which of the presented certificates are part of the chain that verified; none where nothing is verified")
    func verified() async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root", days: -60...60)
        let issuer = try await certificates.intermediate("issuer", by: root)
        let extra = try await certificates.root("extra", days: -60 ... -1, commonName: "Extra")
        let leaf = try await certificates.leaf("leaf", by: issuer)
        let server = try await TLSPeer.start(try certificates.joined("chain.pem", leaf, extra, issuer), leaf.key)
        for kind in ["first", "from the cache"] {
            let run = try await KindRun("tcp", server.address, Self.options(root), transfers: Self.transfers)
            #expect(run.result == .succeeded && run.places == [0, 1, 2] && run.verified == [0, 2], "\(kind) \(run.story)")
        }
        let open = try await KindRun("tcp", server.address, Self.options(root, verifies: false))
        #expect(open.result == .succeeded && open.verified == [], open.story)
    }

    private static let transfers = Transfers()

    @Test("a serial number of forty bytes is one line, an IPv6 address is written short")
    func facts() async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let serial = "7" + String(repeating: "0123456789ABCDEF", count: 5).dropFirst()
        let leaf = try await certificates.issue("leaf", "subjectAltName = IP:127.0.0.1, IP:::2", serial: serial, by: root)
        let server = try await TLSPeer.start(leaf.certificate, leaf.key)
        let run = try await KindRun("tcp", server.address, Self.options(root))
        #expect(run.certificates.first?.serialNumber == serial, run.story)
        #expect(run.certificates.first?.names == ["127.0.0.1", "::2"])
    }

    @Test(
        "the exception adds to the sentence or is empty",
        arguments: [
            ("DNS:mail.fabrikam.com", -1...30, true), ("IP:127.0.0.1", -30 ... -2, true), ("IP:127.0.0.1", 2...30, true),
            ("IP:127.0.0.1", -1...30, false),
        ] as [(String, ClosedRange<Int>, Bool)])
    func exception(names: String, days: ClosedRange<Int>, isTrusted: Bool) async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root", days: -60...60)
        let stranger = try await certificates.root("stranger", days: -60...60, commonName: "Stranger")
        let leaf = try await certificates.leaf("leaf", names, days: days, by: root)
        let server = try await TLSPeer.start(leaf.certificate, leaf.key)
        for (kind, target) in [("tcp", server.address), ("http", "https://\(server.address)/")] {
            let all = Self.options(isTrusted ? root : stranger)
            let run = try await KindRun(
                kind, target, kind == "tcp" ? all : ["tls_config": ["ca_file": .text((isTrusted ? root : stranger).certificate)]])
            let finding = try #require(run.outcome.decisive)
            #expect(finding.exception.isEmpty || !finding.sentence.contains(finding.exception), run.story)
            #expect(finding.sentence.contains(run.certificates.first?.subject ?? "?"), run.story)
        }
    }
}

extension TestCertificates {
    /// The same certificate with a thirteenth month in its end: OpenSSL takes it, and no date can be read of it.
    fileprivate func withoutEnd(_ identity: Identity) throws -> Identity {
        let text = String(decoding: try Data(contentsOf: URL(filePath: identity.certificate)), as: UTF8.self)
        let body = text.split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
        var der = Array(try #require(Data(base64Encoded: body)))
        let times = der.indices.filter {
            $0 + 17 < der.count && der[$0] == 0x17 && der[$0 + 1] == 0x0D && der[$0 + 14] == UInt8(ascii: "Z")
        }
        let end = try #require(times.dropFirst().first)
        der[end + 4] = UInt8(ascii: "9")
        let file = try directory.write(
            "broken.pem",
            "-----BEGIN CERTIFICATE-----\n\(Data(der).base64EncodedString(options: .lineLength64Characters))\n-----END CERTIFICATE-----\n")
        return Identity(certificate: file, key: identity.key)
    }
}
