import CCurl
import Certificates
import FoundationEssentials
import TestSupport
import Testing

@testable import Transfers

/// NIST's Public Key Interoperability Test Suite: each test is a signed message that holds a path of certificates and the revocation lists
/// of their issuers. The certificates are valid until 2030.
@Suite struct PKITSTests {
    /// Where we refuse what the suite accepts; the reasons are in `Sources/Transfers/README.md`.
    private static let stricter: [String: ChainVerdict.Fault] = [
        "ValidDSASignaturesTest4": .keyTooSmall, "ValidDSAParameterInheritanceTest5": .keyTooSmall,
        "ValidIDPwithindirectCRLTest24": .revocationListMissing, "ValidIDPwithindirectCRLTest25": .revocationListMissing,
        "ValidcRLIssuerTest28": .revocationListMissing, "ValidcRLIssuerTest29": .revocationListMissing,
        "ValidcRLIssuerTest30": .revocationListMissing, "ValidcRLIssuerTest33": .revocationListMissing,
    ]
    /// Revocation that is told as such, and not as distrust.
    private static let revoked: Set<String> = ["InvalidRevokedCATest2", "InvalidRevokedEETest3", "InvaliddeltaCRLTest4"]
    private static let date = Date(timeIntervalSince1970: 1_800_000_000)

    private let directory: TemporaryDirectory
    private let suite: String
    private let anchor: String

    init() async throws {
        directory = try TemporaryDirectory()
        suite = try await VectorFiles.directory() + "/x509/PKITS_data"
        let root = Data(try Data(contentsOf: URL(filePath: suite + "/certs/TrustAnchorRootCertificate.crt")))
        anchor = try directory.write(
            "anchor.pem",
            "-----BEGIN CERTIFICATE-----\n\(root.base64EncodedString(options: .lineLength64Characters))\n-----END CERTIFICATE-----\n")
    }

    @Test("a path is accepted where the suite accepts it; its policies are not evaluated")
    func verdicts() throws {
        // Engine and decoders as in the agent.
        let transfers = Transfers()
        var (judged, withPolicies) = (0, 0)
        for file in try FileManager.default.contentsOfDirectory(atPath: suite + "/smime").sorted() {
            let test = String(file.dropFirst("Signed".count).dropLast(".eml".count))
            let verdict = try #require(try verdict(on: Array(Data(contentsOf: URL(filePath: suite + "/smime/" + file)))), "\(test)")
            if test.contains("olic") || test.contains("Qualifier") {
                withPolicies += 1
                continue
            }
            judged += 1
            // No path is for the name asked for, which is looked at last.
            let isAccepted = verdict.fault == .nameMismatch
            if let fault = Self.stricter[test] {
                #expect(verdict.fault == fault, "\(test): \(verdict)")
            } else {
                #expect(isAccepted == test.hasPrefix("Valid"), "\(test): \(verdict)")
            }
            if Self.revoked.contains(test) { #expect(verdict.fault == .revoked, "\(test): \(verdict)") }
        }
        #expect(judged == 161 && withPolicies == 63)
        withExtendedLifetime(transfers) {}
    }

    private func verdict(on message: [UInt8]) throws -> ChainVerdict? {
        try message.withUnsafeBytes { raw in
            let bio = BIO_new_mem_buf(raw.baseAddress, Int32(raw.count))
            defer { BIO_free(bio) }
            var content: OpaquePointer?
            let signed = try #require(SMIME_read_CMS(bio, &content))
            CMS_set1_signers_certs(signed, nil, 0)
            let (certificates, lists, signers) = (CMS_get1_certs(signed), CMS_get1_crls(signed), CMS_get0_signers(signed))
            defer {
                CMS_ContentInfo_free(signed)
                BIO_free(content)
                agent_chain_free(certificates)
                agent_lists_free(lists)
                agent_chain_drop(signers)
            }
            let leaf = try #require(agent_chain_at(signers, 0))
            let others = (0..<agent_chain_count(certificates)).compactMap { agent_chain_at(certificates, $0) }.filter { $0 != leaf }
            let trust = try TrustStore(systemRoots: false, files: [anchor], revocationLists: try write(lists))
            return ChainTrial.verdict(on: [leaf] + others, for: "pkits.test", trusting: trust, at: Self.date)
        }
    }

    /// A file with the lists.
    private func write(_ lists: OpaquePointer?) throws -> String {
        let path = directory.path + "/lists.pem"
        let file = try #require(BIO_new_file(path, "w"))
        defer { BIO_free(file) }
        for index in 0..<agent_lists_count(lists) { PEM_write_bio_X509_CRL(file, agent_list_at(lists, index)) }
        return path
    }
}
