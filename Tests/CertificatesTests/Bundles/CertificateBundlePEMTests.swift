import FoundationEssentials
import TestSupport
import Testing

@testable import Certificates

@Suite struct CertificateBundlePEMTests {
    private static func read(_ text: String) throws -> CertificateBundle { try CertificateBundle.read(Array(text.utf8)) }

    @Test("all types of blocks are read in their order, whatever is between them", arguments: ["\n", "\r\n"])
    func types(lineEnd: String) async throws {
        let files = try await BundleFiles.shared
        let (leaf, root) = (files.leaf.certificate, files.root.certificate)
        let text = [
            "\u{FEFF}0 comment before\n-----begin nothing-----\n-----BEGIN -----", try files.text(leaf), try files.text(files.leaf.key),
            String(decoding: try await files.openssl("x509", "-in", root, "-trustout", "-addtrust", "serverAuth"), as: UTF8.self),
            try files.text("\(files.certificates.path)/leaf.csr"),
            "\u{FEFF}" + String(decoding: try await files.openssl("crl2pkcs7", "-in", files.list, "-certfile", root), as: UTF8.self),
            try files.text(files.list),
            String(
                decoding: try await files.openssl(
                    "cms", "-sign", "-signer", leaf, "-inkey", files.leaf.key, "-keyid", "-in", leaf, "-outform", "PEM"), as: UTF8.self),
            try files.text(root).replacing("CERTIFICATE", with: "X509 CERTIFICATE").replacing("--\n", with: "-- \t\n"), "after",
        ].joined(separator: "\n").replacing("\n", with: lineEnd)
        let bundle = try Self.read(text)
        #expect(bundle.format == .pem)
        #expect(bundle.problems == [])
        #expect(bundle.parts == ["1", "3", "4", "7", "8"])
        #expect(try bundle.facts == files.facts(files.leaf, files.root, files.root, files.leaf, files.root))
        #expect(bundle.matches == ["2 of 1"])
        #expect(bundle.lists.map(\.part) == ["5", "6"])
    }

    @Test("a revocation list has its dates, number and length")
    func list() async throws {
        let files = try await BundleFiles.shared
        let list = try #require(try Self.read(files.text(files.list)).lists.first)
        #expect(list.issuer == "CN=Test Root")
        #expect(list.number == "15")
        #expect(list.revokedCount == 2)
        #expect(list.nextUpdate == list.thisUpdate + 7 * 86400)
    }

    /// The second of three equal blocks of three lines is changed.
    @Test(
        "a damaged block is a problem, the others are read",
        arguments: [
            ("\nM", "\n!", "the CERTIFICATE block in line 4 is not valid PEM"),
            ("-----END CERTIFICATE-----", "", "the CERTIFICATE block in line 4 has no end"),
            ("-----END CERTIFICATE-----", "-----END X509 CRL-----", "the CERTIFICATE block in line 4 has no end"),
            ("-----BEGIN CERTIFICATE-----", "----BEGIN CERTIFICATE-----", "the CERTIFICATE block that ends in line 6 has no beginning"),
            ("\nM", "\nMAAw\nM", "not a complete certificate"), ("CERTIFICATE", "X509 CRL", "not a complete revocation list"),
            ("CERTIFICATE", "PKCS7", "not complete PKCS#7"),
            ("CERTIFICATE", "EC PRIVATE KEY", "a private key that is damaged or of a type that is not supported"),
        ])
    func damaged(what: String, replacement: String, problem: String) async throws {
        let files = try await BundleFiles.shared
        let base64 = try files.text(files.root.certificate).split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
        let block = "-----BEGIN CERTIFICATE-----\n\(base64)\n-----END CERTIFICATE-----\n"
        let bundle = try Self.read(block + block.replacing(what, with: replacement) + block)
        #expect(bundle.parts == ["1", "3"])
        #expect(bundle.problems == ["part 2: \(problem)"])
    }

    @Test("text that ends within its only block is a problem, and is no certificate")
    func truncated() async throws {
        let files = try await BundleFiles.shared
        let text = try files.text(files.root.certificate)
        for length in [27, 100, text.utf8.count - 20] {
            let bundle = try Self.read(String(text.prefix(length)))
            #expect(bundle.entries.isEmpty)
            #expect(bundle.problems == ["part 1: the CERTIFICATE block in line 1 has no end"])
        }
    }

    @Test(
        "a private key belongs to the certificate for its public key",
        arguments: [
            (["pkey", "-traditional"], "3 of 1", "3 of 2"), (["pkey"], "3 of 1", "3 of 2"),
            (["ec", "-conv_form", "compressed"], "3 of 1", nil),
            (["pkcs8", "-topk8", "-passout", "pass:secret"], "3 encrypted", "3 encrypted"),
            (["pkey", "-traditional", "-aes256", "-passout", "pass:secret"], "3 encrypted", "3 encrypted"),
        ] as [([String], String, String?)])
    func keys(command: [String], leaf: String, rsa: String?) async throws {
        let files = try await BundleFiles.shared
        let chain = try files.text(files.leaf.certificate) + files.text(files.rsa.certificate)
        for (identity, match) in [(files.leaf, leaf), (files.rsa, rsa)] {
            guard let match else { continue }
            let key = try await files.openssl(command + ["-in", identity.key])
            let bundle = try Self.read(chain + String(decoding: key, as: UTF8.self))
            #expect(bundle.matches == [match])
            #expect(bundle.problems == [])
        }
    }

    @Test("a key of no certificate, an Ed25519 key and one of a type that is not compared")
    func otherKeys() async throws {
        let files = try await BundleFiles.shared
        let edwards = try await files.certificates.issue(
            "edwards", "basicConstraints = CA:false", algorithms: .init(key: ["-algorithm", "ED25519"]), by: files.root)
        let text = try files.text(edwards.certificate) + files.text(edwards.key) + files.text(files.root.key)
        #expect(try Self.read(text).matches == ["2 of 1", "3 of none"])
        let parameters = files.freshPath
        try await BundleFiles.run("openssl", ["dsaparam", "-out", parameters, "1024"])
        let dsa = try await files.openssl("genpkey", "-paramfile", parameters)
        let bundle = try Self.read(String(decoding: dsa, as: UTF8.self))
        #expect(bundle.keys.isEmpty)
        #expect(bundle.problems == ["part 1: a private key that is damaged or of a type that is not supported"])
    }

    @Test("of more than 1,000 private keys, the others are left out")
    func manyKeys() async throws {
        let files = try await BundleFiles.shared
        let key = try files.text(files.leaf.key)
        let bundle = try Self.read(try files.text(files.leaf.certificate) + String(repeating: key, count: 1_002))
        #expect(bundle.keys.count == 1_000)
        #expect(bundle.keys.allSatisfy { $0.matches == "1" })
        #expect(bundle.problems == ["2 further parts are left out: at most 20000 parts and 1000 private keys of one file are read"])
    }

    @Test("text in UTF-16 and PEM of other types say what they are")
    func others() async throws {
        let files = try await BundleFiles.shared
        let text = try files.text(files.root.certificate)
        let wide = text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        #expect(CertificateBundle.cause([0xFF, 0xFE] + wide) == .unsupported)
        let request = try files.text("\(files.certificates.path)/leaf.csr")
        let error = #expect(throws: CertificateBundle.Unreadable.self) { try Self.read(request) }
        #expect(error?.cause == .notCertificates)
        #expect(error?.description == "PEM of another type: CERTIFICATE REQUEST")
        #expect(CertificateBundle.cause(Array("hello\n-----BEGIN nothing\n".utf8)) == .notCertificates)
    }
}
