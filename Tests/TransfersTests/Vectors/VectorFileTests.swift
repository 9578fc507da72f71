import Certificates
import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// Files that others have made to be hard to read: each gives what is in it, or says why it cannot be read.
@Suite struct VectorFileTests {
    /// Files of other kinds, by the beginning of their path.
    private static let others = [
        "x509/requests/", "x509/ocsp/", "x509/cryptography-scts-tbs-precert.der", "x509/PKITS_data/certpairs/", "x509/PKITS_data/smime/",
        "x509/PKITS_data/pkits.", "x509/PKITS_data/ReadMe.txt", "pkcs7/enveloped-no-content.der",
    ]
    private static let otherKey = "a private key that is damaged or of a type that is not supported"
    /// What cannot be read in files that can.
    private static let problems = [
        // Damaged on purpose: dates, text that is not UTF-8, a length in a form that DER does not have, an unknown type of text.
        "x509/badasn1time.pem": "a certificate with unreadable fields",
        "x509/custom/crl_invalid_time.der": "a revocation list with unreadable dates",
        "x509/custom/invalid_utf8_common_name.pem": "not a complete certificate",
        "x509/custom/long-form-name-attribute.pem": "not a complete certificate",
        "x509/custom/name_attribute_unsupported_tag.pem": "not a complete certificate",
        // Blocks that contain no key, between certificates.
        "x509/cryptography.io.with_garbage.pem": otherKey, "x509/cryptography.io.chain_with_garbage.pem": otherKey,
        // Keys of DSA, which no cipher suite of TLS uses.
        "x509/PKITS_data/pkcs12/DSACACert.p12": otherKey, "x509/PKITS_data/pkcs12/DSAParametersInheritedCACert.p12": otherKey,
        "x509/PKITS_data/pkcs12/InvalidDSASignatureTest6EE.p12": otherKey,
        "x509/PKITS_data/pkcs12/ValidDSAParameterInheritanceTest5EE.p12": otherKey,
        "x509/PKITS_data/pkcs12/ValidDSASignaturesTest4EE.p12": otherKey,
        // Encrypted messages.
        "pkcs7/enveloped.pem": "PKCS#7 without signed data", "pkcs7/enveloped-rsa-oaep.pem": "PKCS#7 without signed data",
        "pkcs7/enveloped-triple-des.pem": "PKCS#7 without signed data",
    ]

    private let files: [(path: String, bytes: [UInt8])]

    init() async throws {
        let base = try await VectorFiles.directory() + "/"
        var files: [(String, [UInt8])] = []
        for folder in ["x509", "pkcs7", "pkcs12"] {
            for name in try FileManager.default.subpathsOfDirectory(atPath: base + folder).sorted() {
                let path = folder + "/" + name
                guard let data = try? Data(contentsOf: URL(filePath: base + path)) else { continue }
                files.append((path, Array(data)))
            }
        }
        self.files = files
    }

    private func read(_ bytes: [UInt8]) throws(CertificateBundle.Unreadable) -> CertificateBundle {
        try CertificateBundle.read(bytes, passwords: ["password", "cryptography"])
    }

    @Test("each file of certificates gives its parts, and the others their kind")
    func parts() {
        var read = 0
        for (path, bytes) in files {
            let isOther = Self.others.contains { path.hasPrefix($0) }
            do throws(CertificateBundle.Unreadable) {
                let bundle = try self.read(bytes)
                read += 1
                #expect(!isOther, "\(path): \(bundle.format)")
                let clause = Self.problems[path]
                #expect(
                    bundle.problems.isEmpty == (clause == nil) && bundle.problems.allSatisfy { $0.contains(clause ?? "") },
                    "\(path): \(bundle.problems)")
                let count = bundle.entries.count + bundle.lists.count + bundle.keys.count
                #expect(count > 0 || clause != nil, "\(path)")
            } catch {
                // OpenSSL 3.5 does not read a list whose dates are damaged.
                let isDamagedList = path == "x509/custom/crl_invalid_time.der"
                #expect(isOther || isDamagedList, "\(path): \(error)")
                #expect(error.cause != .tooLarge && !error.description.isEmpty, "\(path): \(error)")
            }
        }
        #expect(read > 1_100 && files.count > 1_700, "\(read) of \(files.count)")
    }

    @Test("reading them again and again takes no more memory")
    func growth() throws {
        // The others of PKITS are alike.
        let some = files.filter { !$0.path.contains("PKITS_data/") || $0.path.contains("CRL") }
        func readAll() { for (_, bytes) in some { _ = try? read(bytes) } }
        for _ in 0..<3 { readAll() }
        let before = try Self.resident()
        for _ in 0..<12 { readAll() }
        let grown = try Self.resident() - before
        #expect(grown < 4 << 20, "\(grown) bytes")
    }

    /// The memory of this process, in bytes.
    private static func resident() throws -> Int {
        let words = String(decoding: try Data(contentsOf: URL(filePath: "/proc/self/statm")), as: UTF8.self).split(separator: " ")
        return (Int(words[1]) ?? 0) * Int(getpagesize())
    }
}
