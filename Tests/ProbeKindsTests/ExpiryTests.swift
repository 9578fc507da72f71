import Certificates
import Crypto
import CryptoExtras
import FoundationEssentials
import Glibc
import Logging
import Probing
import SwiftASN1
import TestSupport
import Testing
import Transfers
import X509

@testable import ProbeKinds

/// Judges an exported certificate alone, at dates to the second.
@Suite struct ExpiryTests {
    private static let begin = Date(timeIntervalSince1970: 1_700_000_000)
    private static let day: TimeInterval = 86400
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func certificate(days: Double, begin: Date = begin) throws -> [UInt8] {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let name = try DistinguishedName { CommonName("OAuth") }
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: key.publicKey, notValidBefore: begin, notValidAfter: begin + days * day,
            issuer: name,
            subject: name, signatureAlgorithm: .ecdsaWithSHA256, extensions: Certificate.Extensions {}, issuerPrivateKey: key)
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return serializer.serializedBytes
    }

    private static func outcome(days: Double, at date: Date, thresholds: Thresholds = Thresholds()) async throws -> Outcome {
        let directory = try TemporaryDirectory()
        var organization = Organization()
        organization.thresholds = thresholds
        organization.authConfig.certificateFile = try directory.write("OAuthCert.cer", bytes: try certificate(days: days))
        let services = KindServices(
            transfers: Transfers(), sightings: CertificateLog(directory: directory.path, isWritable: true, logger: logger),
            userAgent: "test")
        let place = Place(organization: organization, server: nil)
        let kind = CertificateExpiryKind(services)
        guard case .probe(let probe) = kind.discover(CertificateExpiryOptions(), at: place) else { return Outcome() }
        let outcome = await probe.run(RunContext(date: date, deadline: .seconds(5), time: ManualTime(now: date)))
        #expect(outcome.undeclaredMetrics(kind.guide) == [])
        return outcome
    }

    private static let rows: [(lifetime: Double, beforeEnd: TimeInterval, type: ResultType, reason: Reason?)] = [
        // Five years: 60 and 30 days are less than a third and a tenth.
        (1825, 60 * day, .succeeded, nil), (1825, 60 * day - 1, .succeeded, .certificateExpiresSoon),
        (1825, 30 * day, .succeeded, .certificateExpiresSoon),
        (1825, 30 * day - 1, .failed, .certificateExpiresVerySoon), (1825, 1, .failed, .certificateExpiresVerySoon),
        (1825, 0, .failed, .certificateExpired),
        (1825, -1, .failed, .certificateExpired), (1825, 1825 * day, .succeeded, nil),
        (1825, 1825 * day + 1, .failed, .certificateNotYetValid),
        // Ninety days: a third is 30, a tenth is 9.
        (90, 30 * day + 1, .succeeded, nil), (90, 30 * day - 1, .succeeded, .certificateExpiresSoon),
        (90, 9 * day + 1, .succeeded, .certificateExpiresSoon),
        (90, 9 * day - 1, .failed, .certificateExpiresVerySoon),
    ]

    @Test("each threshold holds to the second", arguments: rows)
    func thresholds(row: (lifetime: Double, beforeEnd: TimeInterval, type: ResultType, reason: Reason?)) async throws {
        let date = Self.begin + row.lifetime * Self.day - row.beforeEnd
        let outcome = try await Self.outcome(days: row.lifetime, at: date)
        #expect(outcome.resultType == row.type && outcome.decisive?.reason == row.reason, "\(outcome.findings)")
        #expect(outcome.sampleValue == row.beforeEnd / Self.day)
    }

    @Test("written thresholds are taken as they are, whatever the lifetime")
    func written() async throws {
        var thresholds = Thresholds()
        thresholds.warnBelow = .seconds(60 * Self.day)
        thresholds.failBelow = .seconds(30 * Self.day)
        let date = Self.begin + 90 * Self.day - 29 * Self.day
        #expect(try await Self.outcome(days: 90, at: date, thresholds: thresholds).decisive?.reason == .certificateExpiresVerySoon)
    }

    @Test("a malformed key beside a good one is told and costs nothing; without a good one the document is malformed")
    func malformedKey() throws {
        let good = Data(try Self.certificate(days: 10)).base64EncodedString()
        func document(_ values: [String]) -> [UInt8] {
            Array("{\"keys\": [\(values.map { "{\"keyvalue\": {\"value\": \"\($0)\"}}" }.joined(separator: ", "))]}".utf8)
        }
        let mixed = try AuthMetadataDocument(document(["AAAA", good, ""]))
        #expect(mixed.keys.count == 1)
        #expect(
            mixed.malformedKeys == [
                "a signing key whose certificate cannot be read", "a signing key without a certificate in 'keyvalue'",
            ])
        #expect(throws: AuthMetadataDocument.Malformed.self) { try AuthMetadataDocument(document(["AAAA"])) }
    }

    @Test("what was seen before and cannot be looked into is not written over")
    func unreadableSightings() throws {
        let directory = try TemporaryDirectory()
        let facts = try CertificateFacts.read(pemOrDER: try Self.certificate(days: 10))
        #expect(mkfifo(directory.path + "/first-seen.json", 0o600) == 0)
        let blocked = CertificateLog(directory: directory.path, isWritable: true, logger: Self.logger)
        blocked.note([facts], server: "mbx01", source: .published, at: Self.begin)
        let path = directory.path + "/first-seen.json"
        // Of the types of files, Foundation has no name for this one.
        #expect(FileStatus(path)?.type == .typeUnknown)
        unlink(directory.path + "/first-seen.json")
        let site = CertificateLog(directory: directory.path, isWritable: true, logger: Self.logger)
        site.note([facts], server: "mbx01", source: .published, at: Self.begin)
        #expect(FileStatus(path)?.type == .typeRegular && FileStatus(path)?.permissions == 0o600)
    }

    @Test("first sights outlive the process; a file that cannot be read is kept aside and begun anew")
    func sightings() throws {
        let directory = try TemporaryDirectory()
        let facts = try CertificateFacts.read(pemOrDER: try Self.certificate(days: 10))
        let first = CertificateLog(directory: directory.path, isWritable: true, logger: Self.logger)
        #expect(first.firstSight(of: facts.thumbprint) == nil)
        first.note([facts], server: "mbx01", source: .published, at: Self.begin)
        let second = CertificateLog(directory: directory.path, isWritable: true, logger: Self.logger)
        second.note([facts], server: "mbx01", source: .published, at: Self.begin + 500)
        #expect(second.firstSight(of: facts.thumbprint) == Self.begin)
        #expect(second.last(server: "mbx01", source: .published).map(\.facts.thumbprint) == [facts.thumbprint])
        try directory.write("first-seen.json", "{ half")
        let third = CertificateLog(directory: directory.path, isWritable: true, logger: Self.logger)
        #expect(third.firstSight(of: facts.thumbprint) == nil)
        #expect(try directory.text("first-seen.json.damaged") == "{ half")
    }

    @Test("first sights and last ones noted while the clock was wrong are put right, and what is seen now counts as seen last")
    func clockSetBack() throws {
        let directory = try TemporaryDirectory()
        let facts = try [10.0, 20].map { try CertificateFacts.read(pemOrDER: try Self.certificate(days: $0)) }
        let log = CertificateLog(directory: directory.path, isWritable: true, logger: Self.logger)
        log.note([facts[0]], server: "mbx01", source: .published, at: Self.begin + 300 * 365 * Self.day)
        log.note([facts[1]], server: "mbx01", source: .published, at: Self.begin)
        #expect(log.firstSight(of: facts[0].thumbprint) == Self.begin)
        #expect(log.last(server: "mbx01", source: .published).map(\.facts.thumbprint) == [facts[1].thumbprint])
    }

    @Test("an exported certificate that is empty, no certificate or gone is a verdict", arguments: ["", "not a certificate", nil])
    func unreadable(text: String?) async throws {
        let directory = try TemporaryDirectory()
        var organization = Organization()
        organization.authConfig.certificateFile = directory.path + "/OAuthCert.cer"
        if let text { try directory.write("OAuthCert.cer", text) }
        let services = KindServices(
            transfers: Transfers(), sightings: CertificateLog(directory: directory.path, isWritable: true, logger: Self.logger),
            userAgent: "test")
        let kind = ThumbprintDriftKind(services)
        guard case .probe(let probe) = kind.discover(ThumbprintDriftOptions(), at: Place(organization: organization, server: nil)) else {
            return #expect(Bool(false), "there is no probe")
        }
        let outcome = await probe.run(RunContext(date: Self.begin, deadline: .seconds(5), time: ManualTime(now: Self.begin)))
        let finding = outcome.findings.first { $0.stage == .certificate }
        #expect(finding?.severity == .failure && finding?.reason == .certificateUnreadable, "\(outcome.findings)")
        #expect(finding?.sentence.contains("OAuthCert.cer") == true, "\(outcome.findings)")
    }
}
