import FoundationEssentials
import Probing
import TargetKinds
import TestSupport
import Testing

/// `cert-expiry`, `key-size` and `thumbprint-drift` with targets.
@Suite struct CertificateJudgeTests {
    private let certificates: TestCertificates
    private let root: TestCertificates.Identity

    init() async throws {
        certificates = try TestCertificates()
        root = try await certificates.root("root", days: -1...900)
    }

    @Test("cert-expiry: the thresholds are those of Exchange's certificate, for servers and files alike")
    func expiry() async throws {
        for (name, last, reason) in [
            ("late", 25, Reason.certificateExpiresVerySoon), ("soon", 50, .certificateExpiresSoon), ("good", 200, nil),
        ] {
            let leaf = try await certificates.leaf(name, days: -400...last, by: root)
            let server = try await TLSPeer.start(leaf.certificate, leaf.key)
            for (target, stage) in [("localhost:\(server.port)", Stage.tls), (leaf.certificate, .file)] {
                let run = try await KindRun("cert-expiry", target)
                #expect(run.reason == reason && (reason == nil || run.stage == stage), run.story)
                #expect(run.result == (reason == .certificateExpiresVerySoon ? .failed : .succeeded))
                #expect(Int(run.outcome.sampleValue ?? 0) == last - 1)
            }
        }
    }

    @Test("cert-expiry: a threshold of the definition is measured, those of the organization are not")
    func thresholds() async throws {
        let leaf = try await certificates.leaf("own", days: -1...200, by: root)
        func measured(_ options: Written) async throws -> [String] {
            let run = try await KindRun("cert-expiry", leaf.certificate, options)
            return run.outcome.observations.flatMap(\.measurements).filter { $0.metric == .threshold }.map {
                "\($0.labels.map(\.1).joined()) \(Int($0.value.rounded()))"
            }
        }
        for (options, expected) in [
            ([:], []), (["warnBelow": "10d"], ["warn 864000"]),
            (["warnBelow": "10d", "failBelow": "1d"], ["warn 864000", "fail 86400"]),
        ] as [(Written, [String])] {
            let found = try await measured(options)
            #expect(found == expected)
        }
    }

    @Test("cert-expiry: an issuer of the verified chain counts, an unused certificate does not")
    func chain() async throws {
        let middle = try await certificates.intermediate("middle", days: -300...20, by: root)
        let unused = try await certificates.leaf("unused", days: -10 ... -1, by: root)
        let leaf = try await certificates.leaf("leaf", days: -1...700, by: middle)
        let server = try await TLSPeer.start(try certificates.joined("chain.pem", leaf, middle, unused), leaf.key)
        let trusting: Written = ["tls_config": ["ca_file": .text(root.certificate)]]
        let run = try await KindRun("cert-expiry", "localhost:\(server.port)", trusting)
        #expect(run.outcome.findings.map(\.reason) == [.certificateExpiresVerySoon] && run.sentence.contains("depth 1"), run.story)
        // Without a verified chain, the server's own certificate is judged.
        #expect(try await KindRun("cert-expiry", "localhost:\(server.port)").outcome.findings.isEmpty)
    }

    @Test("cert-expiry: a server that cannot be asked is no failure")
    func unreachable() async throws {
        let run = try await KindRun("cert-expiry", "127.0.0.1:\(FreePort.one())")
        #expect(run.reason == .connectRefused && run.result == .rejected, run.story)
    }

    @Test("key-size: small keys fail, weak signatures warn, a root's own does not matter")
    func keySize() async throws {
        typealias Algorithms = TestCertificates.Algorithms
        let curve = Algorithms(key: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-224"])
        for (name, algorithms, reasons) in [
            ("rsa1024", Algorithms.rsa(1024), [Reason.keyTooSmall]), ("rsa2048", .rsa(2048), []), ("p224", curve, [.keyTooSmall]),
            ("p256", Algorithms(), []), ("ed25519", Algorithms(key: ["-algorithm", "ED25519"]), []),
            ("sha1", .signed("sha1"), [.signatureWeak]),
        ] {
            let leaf = try await certificates.issue(name, "subjectAltName = DNS:localhost", algorithms: algorithms, by: root)
            let run = try await KindRun("key-size", leaf.certificate)
            #expect(run.outcome.findings.map(\.reason) == reasons, "\(name): \(run.outcome.findings)")
        }
        let old = try await certificates.root("old", algorithms: .signed("sha1"))
        #expect(try await KindRun("key-size", old.certificate).outcome.findings.isEmpty)
        // RSASSA-PSS names its digest apart.
        let authority = try await certificates.root("authority", commonName: "RSA", algorithms: .rsa(2048))
        for (digest, reasons) in [("sha1", [Reason.signatureWeak]), ("sha256", [])] {
            let path = "\(certificates.path)/pss-\(digest).pem"
            let made = try await Program.run(
                "openssl",
                [
                    "x509", "-req", "-in", certificates.path + "/rsa2048.csr", "-CA", authority.certificate, "-CAkey", authority.key,
                    "-\(digest)",
                    "-sigopt", "rsa_padding_mode:pss", "-days", "9", "-CAcreateserial", "-out", path,
                ])
            #expect(made.status == 0, "\(made.errors)")
            #expect(try await KindRun("key-size", path).outcome.findings.map(\.reason) == reasons)
        }
        let strict = try await KindRun("key-size", certificates.path + "/rsa2048.pem", ["minimumKeyBits": 4096])
        #expect(strict.reason == .keyTooSmall && strict.sentence.contains("2048 bits (RSA), the minimum is 4096"), strict.story)
    }

    @Test("thumbprint-drift: the server or file that differs from the others is named")
    func drift() async throws {
        let (one, other) = (try await certificates.leaf("one", by: root), try await certificates.leaf("other", by: root))
        let same = [try await TLSPeer.start(one.certificate, one.key), try await TLSPeer.start(one.certificate, one.key)]
        let odd = try await TLSPeer.start(other.certificate, other.key)
        let members = same.map { Written.text($0.address) }
        let target = "localhost:\(same[0].port)"
        let agreed = try await KindRun("thumbprint-drift", target, ["preferred_ip_protocol": "ip4", "members": .list(members)])
        #expect(agreed.result == .succeeded && agreed.outcome.sampleValue == 1, agreed.story)

        let file = Written.text(one.certificate)
        let run = try await KindRun(
            "thumbprint-drift", target, ["preferred_ip_protocol": "ip4", "members": .list(members + [.text(odd.address), file])])
        #expect(run.reason == .thumbprintDrift && run.outcome.findings.count == 1 && run.outcome.sampleValue == 2, run.story)
        #expect(run.sentence.contains(odd.address) && !run.sentence.contains(same[1].address + " ") && run.sentence.contains("of 4 have"))

        let pinned = try await KindRun(
            "thumbprint-drift", target,
            ["preferred_ip_protocol": "ip4", "members": .list([file]), "pins": .text(try await fingerprint(other))])
        #expect(pinned.reason == .thumbprintDrift && pinned.sentence.contains("matches none of 'pins'"), pinned.story)
    }

    @Test("key-size: of many findings, a failure is not hidden by warnings; a file without a certificate is no success")
    func many() async throws {
        let small = try await certificates.issue("zz", "basicConstraints = CA:false", days: -1...800, algorithms: .rsa(1024), by: root)
        let old = try await certificates.issue("old", "basicConstraints = CA:false", algorithms: .signed("sha1"), by: root)
        for number in 1...21 {
            let weak = try await certificates.issue(
                "weak\(number)", "basicConstraints = CA:false", algorithms: .signed("sha1"), by: root)
            #expect(weak.certificate != old.certificate)
        }
        let run = try await KindRun("key-size", certificates.path + "/*.pem")
        #expect(run.reason == .keyTooSmall && run.sentence.contains(small.certificate), run.story)
        let ended = try await Program.run(
            "openssl",
            [
                "ca", "-gencrl", "-config", certificates.path + "/old.cnf", "-cert", root.certificate, "-keyfile", root.key, "-crldays",
                "1",
                "-out", certificates.path + "/list.crl",
            ])
        #expect(ended.status == 0)
        #expect(try await KindRun("key-size", certificates.path + "/list.crl").reason == .certificateMissing)
    }

    @Test("thumbprint-drift: a pinned public key, of a server and of a file")
    func pinnedKey() async throws {
        let leaf = try await certificates.leaf("leaf", by: root)
        let server = try await TLSPeer.start(leaf.certificate, leaf.key)
        let command =
            "openssl x509 -in \(leaf.certificate) -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64"
        let key = try await Program.run("/bin/sh", ["-c", command]).output.filter { !$0.isWhitespace }
        let options: Written = ["members": .text(server.address), "pins": .text("sha256/" + key)]
        let run = try await KindRun("thumbprint-drift", leaf.certificate, options)
        #expect(run.result == .succeeded && run.outcome.sampleValue == 1, run.story)
    }

    @Test("thumbprint-drift: nothing to compare, and members that cannot be asked")
    func alone() async throws {
        let leaf = try await certificates.leaf("leaf", by: root)
        let alone = try await KindRun("thumbprint-drift", leaf.certificate)
        #expect(alone.reason == .notObserved && alone.result == .rejected && alone.sentence.contains("members"), alone.story)
        let again = try await KindRun("thumbprint-drift", leaf.certificate, ["members": [.text(leaf.certificate)]])
        #expect(again.reason == .notObserved, again.story)
        let gone = "127.0.0.1:\(FreePort.one())"
        let copy = certificates.path + "/copy.pem"
        _ = try certificates.joined("copy.pem", leaf)
        let run = try await KindRun("thumbprint-drift", leaf.certificate, ["members": [.text(gone), .text(copy)]])
        #expect(run.result == .succeeded && run.outcome.notChecked.contains { $0.contains(gone) }, run.story)
    }

    private func fingerprint(_ identity: TestCertificates.Identity) async throws -> String {
        let ended = try await Program.run("openssl", ["x509", "-in", identity.certificate, "-noout", "-fingerprint", "-sha256"])
        return try #require(ended.output.split(separator: "=").last).filter { !$0.isWhitespace }
    }
}
