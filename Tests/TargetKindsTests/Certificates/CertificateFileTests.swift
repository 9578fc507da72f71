import Certificates
import FoundationEssentials
import Glibc
import Probing
import TargetKinds
import TestSupport
import Testing
import Transfers

/// Kind `certificate-file`, on files that `openssl` has made.
@Suite struct CertificateFileTests {
    private let certificates: TestCertificates
    private let root: TestCertificates.Identity

    init() async throws {
        certificates = try TestCertificates()
        root = try await certificates.root("root")
    }

    private func run(_ name: String, _ options: Written = [:], services: TargetServices? = nil) async throws -> KindRun {
        try await KindRun("certificate-file", Target("\(certificates.path)/\(name)"), options, services: services)
    }

    private func openssl(_ arguments: String...) async throws {
        let ended = try await Program.run("openssl", arguments)
        #expect(ended.status == 0, "\(ended.errors)")
    }

    @Test("each certificate of a file is recorded with its place, and judged")
    func bundle() async throws {
        let leaf = try await certificates.leaf("leaf", by: root)
        _ = try certificates.joined("bundle.pem", leaf, root)
        let run = try await run("bundle.pem")
        #expect(run.result == .succeeded && run.passed == "file", run.story)
        #expect(run.files.map(\.part) == ["1", "2"] && run.files.map(\.facts.commonName) == ["leaf", "Test Root"])
        #expect(run.files.allSatisfy { $0.path == certificates.path + "/bundle.pem" && $0.facts.der.isEmpty })
        #expect(Int(run.outcome.sampleValue ?? 0) == 29)
    }

    @Test("an expired certificate, and one that is not yet valid, are failures")
    func validity() async throws {
        _ = try await certificates.leaf("old", days: -10 ... -1, by: root)
        _ = try await certificates.leaf("new", days: 2...9, by: root)
        #expect(try await run("old.pem").reason == .certificateExpired)
        #expect(try await run("new.pem").reason == .certificateNotYetValid)
        let both = try await run("???.pem")
        #expect(both.outcome.findings.map(\.reason) == [.certificateNotYetValid, .certificateExpired], both.story)
        #expect(both.outcome.findings.allSatisfy { $0.stage == .file } && both.files.count == 2)
    }

    @Test("of a pattern, files of other kinds are skipped; a file that is named must have a certificate")
    func otherFiles() async throws {
        try certificates.directory.write("notes.txt", "nothing")
        for pattern in ["*", ""] {
            let all = try await run(pattern)
            #expect(all.result == .succeeded && all.outcome.findings.isEmpty, all.story)
        }
        for name in ["notes.txt", "root.key"] {
            let named = try await run(name)
            #expect(named.reason == .certificateMissing && named.stage == .file, named.story)
        }
        #expect(try await run("*.none").reason == .certificateMissing)
        let missing = try await run("none.pem")
        #expect(missing.sentence.contains("there is no such file") && missing.outcome.decisive?.remedy(on: "").contains("pattern") == true)
    }

    @Test("of a pattern, a private key, a request and plain text are skipped as DER, too; a damaged certificate is not")
    func otherDER() async throws {
        let leaf = try await certificates.leaf("leaf", by: root)
        let path = certificates.path
        try await openssl("pkey", "-in", leaf.key, "-outform", "DER", "-out", path + "/x1.bin")
        try await openssl("req", "-in", path + "/leaf.csr", "-outform", "DER", "-out", path + "/x2.bin")
        try certificates.directory.write("x3.bin", "0001\n")
        try await openssl("x509", "-in", leaf.certificate, "-outform", "DER", "-out", path + "/x4.bin")
        let good = try await run("x*.bin")
        #expect(good.result == .succeeded && good.files.count == 1, good.story)
        var der = Array(try Data(contentsOf: URL(filePath: path + "/x4.bin")))
        der[5] ^= 0x20
        try certificates.directory.write("x5.bin", bytes: der)
        try certificates.directory.write("x6.bin", bytes: Array(der.dropLast(10)))
        let run = try await run("x*.bin")
        #expect(run.outcome.findings.map(\.reason) == [.certificateUnreadable, .certificateUnreadable], run.story)
    }

    @Test("a file with a revocation list alone passes")
    func listAlone() async throws {
        _ = try await certificates.leaf("leaf", by: root)
        let path = certificates.path
        try await openssl(
            "ca", "-gencrl", "-config", path + "/leaf.cnf", "-cert", root.certificate, "-keyfile", root.key, "-crldays", "1", "-out",
            path + "/root.crl")
        let run = try await run("root.crl")
        #expect(run.result == .succeeded && run.passed == "file" && run.outcome.findings.isEmpty, run.story)
    }

    @Test("a broken certificate is a failure that names its place, and the others are recorded")
    func broken() async throws {
        let text = try certificates.directory.text("root.pem")
        try certificates.directory.write("mixed.pem", text + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + text)
        let run = try await run("mixed.pem")
        #expect(run.reason == .certificateUnreadable && run.sentence.contains("/mixed.pem") && run.files.count == 2, run.story)
    }

    @Test("PKCS#12 and its password")
    func password() async throws {
        let leaf = try await certificates.leaf("leaf", by: root)
        let (store, path) = (certificates.path + "/store.p12", certificates.path)
        try await openssl(
            "pkcs12", "-export", "-in", leaf.certificate, "-inkey", leaf.key, "-name", "web", "-passout", "pass:secret", "-out", store)
        #expect(try await run("store.p12").reason == .certificateUnreadable)
        try certificates.directory.write("wrong", "other\n")
        try certificates.directory.write("right", "secret\n")
        for name in ["wrong", "right"] { #expect(chmod("\(path)/\(name)", 0o600) == 0) }
        #expect(try await run("store.p12", ["passwordFile": .text(path + "/wrong")]).reason == .certificateUnreadable)
        let both = try await run("store.p12", ["passwordFile": [.text(path + "/wrong"), .text(path + "/right")]])
        #expect(both.result == .succeeded && both.files.map(\.part) == ["web"], both.story)
        #expect(chmod(path + "/right", 0o644) == 0)
        let open = try await run("store.p12", ["passwordFile": .text(path + "/right")])
        #expect(open.reason == .credentialUnreadable && open.result == .rejected, open.story)
        // What needs no password is judged all the same.
        let other = try await run("root.pem", ["passwordFile": .text(path + "/right")])
        #expect(other.reason == .credentialUnreadable && other.result == .succeeded && other.files.count == 1, other.story)
    }

    @Test("a private key belongs to the certificate beside it, or in 'keyFile'")
    func keys() async throws {
        let leaf = try await certificates.leaf("leaf", by: root)
        let files = certificates.directory
        try files.write("good.pem", try files.text("leaf.pem") + files.text("leaf.key"))
        try files.write("bad.pem", try files.text("leaf.pem") + files.text("root.key"))
        #expect(try await run("good.pem").result == .succeeded)
        let bad = try await run("bad.pem")
        #expect(bad.reason == .privateKeyMismatch && bad.stage == .file, bad.story)
        #expect(try await run("leaf.pem", ["keyFile": .text(leaf.key)]).result == .succeeded)
        #expect(try await run("leaf.pem", ["keyFile": .text(root.key)]).reason == .privateKeyMismatch)
        #expect(try await run("leaf.pem", ["keyFile": .text(certificates.path + "/none")]).reason == .credentialUnreadable)
    }

    @Test("a file that was replaced is read again")
    func replaced() async throws {
        let services = TargetServices(transfers: Transfers(), userAgent: "agent/test")
        let (path, copy) = (certificates.path + "/copy.pem", certificates.path + "/root.pem")
        try certificates.directory.write("copy.pem", try certificates.directory.text("root.pem"))
        for _ in 1...2 { #expect(try await run("copy.pem", services: services).files.map(\.facts.commonName) == ["Test Root"]) }
        let leaf = try await certificates.leaf("leaf", by: root)
        #expect(rename(leaf.certificate, path) == 0)
        let changed = try await run("copy.pem", services: services)
        #expect(changed.files.map(\.facts.commonName) == ["leaf"], changed.story)
        #expect(unlink(path) == 0 && symlink(copy, path) == 0)
        #expect(try await run("copy.pem", services: services).files.map(\.facts.commonName) == ["Test Root"])
    }

    @Test("what could block, or is too large, is refused with a reason")
    func refused() async throws {
        #expect(mkfifo(certificates.path + "/pipe.pem", 0o600) == 0)
        let sparse = try certificates.directory.write("huge.pem", "")
        #expect(truncate(sparse, 1 << 30) == 0)
        for (name, text) in [("pipe.pem", "a named pipe"), ("huge.pem", "too large")] {
            let run = try await run(name)
            #expect(run.reason == .certificateUnreadable && run.sentence.contains(text), run.story)
        }
        #expect(try await KindRun("certificate-file", "/proc/self/status").reason == .certificateUnreadable)
        #expect(try await KindRun("certificate-file", "relative.pem").reason == .targetInvalid)
    }
}
