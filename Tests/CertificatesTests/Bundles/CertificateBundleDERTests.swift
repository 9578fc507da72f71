import TestSupport
import Testing

@testable import Certificates

@Suite struct CertificateBundleDERTests {
    @Test("a certificate, a revocation list and signed data are told apart by their content")
    func formats() async throws {
        let files = try await BundleFiles.shared
        let (leaf, root) = (files.leaf.certificate, files.root.certificate)

        let certificate = try CertificateBundle.read(await files.openssl("x509", "-in", root, "-outform", "DER"))
        #expect(certificate.format == .der)
        #expect(try certificate.facts == files.facts(files.root))
        #expect(certificate.parts == ["1"])

        let list = try CertificateBundle.read(await files.openssl("crl", "-in", files.list, "-outform", "DER"))
        #expect(list.format == .crl)
        #expect(list.entries.isEmpty)
        #expect(list.lists.map(\.number) == ["15"])

        let degenerate = try CertificateBundle.read(
            await files.openssl("crl2pkcs7", "-in", files.list, "-certfile", leaf, "-certfile", root, "-outform", "DER"))
        #expect(degenerate.format == .pkcs7)
        #expect(try degenerate.facts == files.facts(files.leaf, files.root))
        #expect(degenerate.parts == ["1", "2"])
        #expect(degenerate.lists.map(\.part) == ["3"])
    }

    @Test(
        "signed data of any age and encoding is read",
        arguments: [["smime"], ["cms"], ["cms", "-keyid"], ["cms", "-stream", "-nodetach"]])
    func signed(options: [String]) async throws {
        let files = try await BundleFiles.shared
        let bytes = try await files.openssl(
            [options[0], "-sign", "-signer", files.leaf.certificate, "-inkey", files.leaf.key, "-in", files.list, "-outform", "DER"]
                + options.dropFirst())
        let bundle = try CertificateBundle.read(bytes)
        #expect(bundle.format == .pkcs7)
        #expect(try bundle.facts == files.facts(files.leaf))
    }

    @Test("what is no certificate file, or damaged, says so")
    func unreadable() async throws {
        let files = try await BundleFiles.shared
        let der = try await files.openssl("x509", "-in", files.root.certificate, "-outform", "DER")
        let encrypted = try await files.openssl(
            "smime", "-encrypt", "-aes256", "-in", files.list, "-outform", "DER", files.rsa.certificate)
        let key = try await files.openssl("pkey", "-in", files.rsa.key, "-outform", "DER")
        var flipped = der
        flipped[4] = 0x31
        let cases: [([UInt8], CertificateBundle.Unreadable.Cause, String)] = [
            ([], .notCertificates, "empty"),
            (Array("hello".utf8), .notCertificates, "neither PEM, DER, PKCS#7, PKCS#12 nor a Java key store"),
            (Array("00000 is no DER\n".utf8), .notCertificates, "neither PEM, DER, PKCS#7, PKCS#12 nor a Java key store"),
            (der + [0, 0], .malformed, "DER of \(der.count) bytes with 2 other bytes after it"),
            (Array(der.dropLast(7)), .malformed, "DER of \(der.count) bytes that ends after \(der.count - 7)"),
            (flipped, .notCertificates, "neither PEM, DER, PKCS#7, PKCS#12 nor a Java key store"),
            (encrypted, .unsupported, "PKCS#7 without signed data"),
            ([0x30, 3, 0x0A, 1, 6], .notCertificates, "DER of another kind, such as a private key, a request or an OCSP response"),
            (key, .notCertificates, "DER of another kind, such as a private key, a request or an OCSP response"),
        ]
        for (bytes, cause, description) in cases {
            let error = #expect(throws: CertificateBundle.Unreadable.self) { try CertificateBundle.read(bytes) }
            #expect(error?.cause == cause)
            #expect(error?.description == description)
        }
        #expect(CertificateBundle.cause([UInt8](repeating: 0x30, count: CertificateBundle.sizeLimit + 1)) == .tooLarge)
    }
}
