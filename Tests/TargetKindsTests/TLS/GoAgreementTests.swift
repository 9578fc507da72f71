import FoundationEssentials
import Probing
import TestSupport
import Testing

/// Chains on the edge of what is valid: Debian's blackbox_exporter, which is Go's verification, is asked the same.
@Suite struct GoAgreementTests {
    /// What a server presents, and what its client trusts.
    struct Peer {
        var presented: String
        var key: String
        var trusted: String
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var asked = "mail.example.test"
        /// Why we refuse what Go accepts; Sources/TargetKinds/README.md tells it.
        var isStricter = false
        let make: @Sendable (TestCertificates, String) async throws -> Peer

        var testDescription: String { name }
    }

    /// A leaf with these extensions below a root.
    private static func leaf(
        _ name: String, _ extensions: String, asked: String = "mail.example.test", days: ClosedRange<Int> = -1...30,
        algorithms: TestCertificates.Algorithms = .init(), isStricter: Bool = false
    ) -> Case {
        Case(name: name, asked: asked, isStricter: isStricter) { certificates, file in
            let root = try await certificates.root(file + "-root")
            let leaf = try await certificates.issue(file, extensions, days: days, algorithms: algorithms, by: root)
            return Peer(presented: leaf.certificate, key: leaf.key, trusted: root.certificate)
        }
    }

    /// A leaf below an intermediate with these extensions, both presented.
    private static func chain(
        _ name: String, issuer extensions: String = "", days: ClosedRange<Int> = -1...30, leaf: String = san,
        algorithms: TestCertificates.Algorithms = .init(), isStricter: Bool = false
    ) -> Case {
        Case(name: name, isStricter: isStricter) { certificates, file in
            let root = try await certificates.root(file + "-root", days: -60...60)
            let issuer = try await certificates.intermediate(file + "-issuer", days: days, extensions, algorithms: algorithms, by: root)
            let leaf = try await certificates.issue(file, leaf, by: issuer)
            return Peer(
                presented: try certificates.joined(file + "-chain.pem", leaf, issuer), key: leaf.key, trusted: root.certificate)
        }
    }

    private static let san = "subjectAltName = DNS:mail.example.test"

    private static let cases: [Case] = [
        leaf("a name", san), leaf("another name", san, asked: "web.example.test"), leaf("in capitals", san, asked: "MAIL.example.test"),
        leaf("no name but the common name", "basicConstraints = CA:false"), leaf("a dot in front", san, asked: ".example.test"),
        leaf("a dot at the end of the certificate's", "subjectAltName = DNS:mail.example.test."),
        leaf("an address as a name", "subjectAltName = DNS:127.0.0.1", asked: "127.0.0.1"),
        leaf("a wildcard over an address", "subjectAltName = DNS:*.0.0.1", asked: "127.0.0.1"),
        leaf("an address", "subjectAltName = IP:127.0.0.1", asked: "127.0.0.1"),
        leaf("an IPv6 address", "subjectAltName = IP:::1", asked: "::1"), leaf("in brackets", "subjectAltName = IP:::1", asked: "[::1]"),
        leaf("a wildcard", "subjectAltName = DNS:*.example.test"), leaf("a wildcard two labels deep", "subjectAltName = DNS:*.test"),
        leaf("half a wildcard", "subjectAltName = DNS:ma*.example.test"),
        leaf("a wildcard within", "subjectAltName = DNS:mail.*.test"),
        leaf("a wildcard over a public suffix", "subjectAltName = DNS:*.test", asked: "example.test", isStricter: true),
        leaf("a wildcard over an underscore", "subjectAltName = DNS:*.example.test", asked: "my_mail.example.test", isStricter: true),
        leaf("an underscore", "subjectAltName = DNS:my_mail.example.test", asked: "my_mail.example.test"),
        leaf("expired", san, days: -30 ... -1), leaf("not yet valid", san, days: 1...30),
        leaf("for servers", san + "\nextendedKeyUsage = serverAuth"), leaf("for clients alone", san + "\nextendedKeyUsage = clientAuth"),
        leaf("for any use", san + "\nextendedKeyUsage = anyExtendedKeyUsage", isStricter: true),
        leaf("an unknown critical extension", san + "\n1.2.3.4 = critical, ASN1:UTF8String:x"),
        leaf("a leaf that is an authority", san + "\nbasicConstraints = critical, CA:true"),
        leaf("signed with SHA-1", san, algorithms: .signed("sha1")),
        leaf("a key of 1024 bits", san, algorithms: .rsa(1024), isStricter: true),
        leaf("Ed25519", san, algorithms: .init(key: ["-algorithm", "ED25519"])),
        chain("an intermediate"), chain("an expired intermediate", days: -30 ... -1),
        chain("an intermediate for clients alone", issuer: "extendedKeyUsage = clientAuth"),
        chain("a name that is permitted", issuer: "nameConstraints = critical, permitted;DNS:example.test"),
        chain("a name that is not permitted", issuer: "nameConstraints = critical, permitted;DNS:example.org"),
        chain("a name that is excluded", issuer: "nameConstraints = critical, excluded;DNS:example.test"),
        chain("an intermediate with a key of 1024 bits", algorithms: .rsa(1024), isStricter: true),
        Case(name: "a missing intermediate") { certificates, file in
            let root = try await certificates.root(file + "-root")
            let issuer = try await certificates.intermediate(file + "-issuer", by: root)
            let leaf = try await certificates.issue(file, san, by: issuer)
            return Peer(presented: leaf.certificate, key: leaf.key, trusted: root.certificate)
        },
        Case(name: "a trusted intermediate") { certificates, file in
            let root = try await certificates.root(file + "-root")
            let issuer = try await certificates.intermediate(file + "-issuer", by: root)
            let leaf = try await certificates.issue(file, san, by: issuer)
            return Peer(presented: leaf.certificate, key: leaf.key, trusted: issuer.certificate)
        },
        Case(name: "an expired root beside a good one of the same key") { certificates, file in
            let old = try await certificates.root(file + "-old", days: -60 ... -1)
            let new = try await certificates.root(file + "-new", key: old.key)
            let leaf = try await certificates.issue(file, san, by: old)
            return Peer(
                presented: try certificates.joined(file + "-chain.pem", leaf, old), key: leaf.key,
                trusted: try certificates.joined(file + "-roots.pem", old, new))
        },
        Case(name: "an expired root alone") { certificates, file in
            let root = try await certificates.root(file + "-old", days: -60 ... -1)
            let leaf = try await certificates.issue(file, san, by: root)
            return Peer(presented: leaf.certificate, key: leaf.key, trusted: root.certificate)
        },
        Case(name: "an issuer that is none") { certificates, file in
            let root = try await certificates.root(file + "-root")
            let issuer = try await certificates.issue(file + "-issuer", "basicConstraints = CA:false", by: root)
            let leaf = try await certificates.issue(file, san, by: issuer)
            return Peer(
                presented: try certificates.joined(file + "-chain.pem", leaf, issuer), key: leaf.key, trusted: root.certificate)
        },
        Case(name: "a path that is too long") { certificates, file in
            let root = try await certificates.root(file + "-root")
            let first = try await certificates.issue(file + "-1", "basicConstraints = critical, CA:true, pathlen:0", by: root)
            let second = try await certificates.issue(file + "-2", "basicConstraints = critical, CA:true", by: first)
            let leaf = try await certificates.issue(file, san, by: second)
            return Peer(
                presented: try certificates.joined(file + "-chain.pem", leaf, second, first), key: leaf.key, trusted: root.certificate)
        },
        Case(name: "a trusted leaf that signs itself") { certificates, file in
            let leaf = try await certificates.issue(file, san, by: nil)
            return Peer(presented: leaf.certificate, key: leaf.key, trusted: leaf.certificate)
        },
        Case(name: "fifty certificates") { certificates, file in
            let root = try await certificates.root(file + "-root")
            let leaf = try await certificates.issue(file, san, by: root)
            return Peer(
                presented: try certificates.joined(file + "-chain.pem", [leaf] + Array(repeating: root, count: 49)), key: leaf.key,
                trusted: root.certificate)
        },
    ]

    @Test("a peer is accepted where Go accepts it, but for where we are stricter on purpose")
    func agree() async throws {
        let certificates = try TestCertificates()
        var peers: [Peer] = []
        var modules = "modules:\n"
        for (number, row) in Self.cases.enumerated() {
            let peer = try await row.make(certificates, "c\(number)")
            peers.append(peer)
            modules +=
                "  m\(number): { prober: tcp, tcp: { tls: true, tls_config: { ca_file: \(peer.trusted), server_name: '\(row.asked)' } } }\n"
        }
        let port = FreePort.one()
        let exporter = try await ListeningProgram(
            "prometheus-blackbox-exporter",
            ["--config.file=\(try certificates.directory.write("modules.yml", modules))", "--web.listen-address=127.0.0.1:\(port)"],
            port: port,
            directory: certificates.directory)
        for (number, row) in Self.cases.enumerated() {
            let server = try await TLSPeer.start(peers[number].presented, peers[number].key)
            let answer = try await Program.run(
                "curl", ["-sS", "--max-time", "30", "http://127.0.0.1:\(port)/probe?module=m\(number)&target=\(server.address)"])
            let theirs = try #require(answer.output.split(separator: "\n").last { $0.hasPrefix("probe_success ") }, "\(answer.output)")
            let run = try await KindRun(
                "tcp", server.address,
                ["tls": true, "tls_config": ["ca_file": .text(peers[number].trusted), "server_name": .text(row.asked)]])
            let isAccepted = theirs == "probe_success 1"
            #expect((run.result == .succeeded) == (isAccepted && !row.isStricter), "\(row.name): Go \(theirs), \(run.outcome.findings)")
            if row.isStricter { #expect(isAccepted, "\(row.name): Go refuses it as well") }
        }
        withExtendedLifetime(exporter) {}
    }
}
