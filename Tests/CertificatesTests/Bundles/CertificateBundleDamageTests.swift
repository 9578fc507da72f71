import TestSupport
import Testing

@testable import Certificates

/// Files that are cut off or changed anywhere: they are read or refused, and nothing else happens.
@Suite struct CertificateBundleDamageTests {
    private static let kinds = ["pem", "der", "crl", "pkcs7", "cms", "pkcs12", "pkcs12 legacy", "jks", "jceks"]

    /// A file of each kind that is read without problems.
    private static func file(_ kind: String) async throws -> [UInt8] {
        let files = try await BundleFiles.shared
        let leaf = files.leaf.certificate
        switch kind {
        case "pem": return Array(try (files.text(leaf) + files.text(files.leaf.key)).utf8)
        case "der": return try await files.openssl("x509", "-in", leaf, "-outform", "DER")
        case "crl": return try await files.openssl("crl", "-in", files.list, "-outform", "DER")
        case "pkcs7": return try await files.openssl("crl2pkcs7", "-nocrl", "-certfile", leaf, "-outform", "DER")
        case "cms":
            return try await files.openssl(
                "cms", "-sign", "-keyid", "-signer", leaf, "-inkey", files.leaf.key, "-in", leaf, "-outform", "DER")
        case "pkcs12": return try await files.pkcs12(["-iter", "1"])
        case "pkcs12 legacy": return try await files.pkcs12(["-iter", "1", "-legacy"])
        default: return try await files.keyStore(["key:a:\(files.der(files.leaf))", "trusted:b:\(files.der(files.root))"], format: kind)
        }
    }

    @Test("a file that ends too early is refused, at every length; the blocks of PEM that are complete are read", arguments: kinds)
    func truncated(kind: String) async throws {
        let bytes = try await Self.file(kind)
        #expect(try CertificateBundle.read(bytes, passwords: ["secret"]).problems == [])
        let accepted = (0..<bytes.count).filter { CertificateBundle.cause(Array(bytes[..<$0]), ["secret"]) == nil }
        guard kind == "pem" else { return #expect(accepted == []) }
        let complete = (0..<bytes.count).first { (try? CertificateBundle.read(Array(bytes[..<$0])))?.entries.isEmpty == false }
        #expect(complete == bytes.firstRange(of: Array("-----END CERTIFICATE-----".utf8))?.upperBound)
    }

    @Test("any changed byte leaves a file that is read or refused", arguments: kinds)
    func changed(kind: String) async throws {
        let bytes = try await Self.file(kind)
        for mask in [0xFF, 0x01, 0x80] as [UInt8] {
            for index in bytes.indices {
                var changed = bytes
                changed[index] ^= mask
                for passwords in [["secret"], []] { _ = CertificateBundle.cause(changed, passwords) }
            }
        }
    }

    @Test("any changed byte of what a digest protects is found", arguments: ["jks", "jceks"])
    func detected(kind: String) async throws {
        let bytes = try await Self.file(kind)
        let unnoticed = bytes.indices.filter { index in
            var changed = bytes
            changed[index] ^= 0x10
            return CertificateBundle.cause(changed, ["secret"]) == nil
        }
        #expect(unnoticed == [])
    }
}
