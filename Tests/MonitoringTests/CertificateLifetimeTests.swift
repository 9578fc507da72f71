import Certificates
import FoundationEssentials
import Testing

@testable import Monitoring
@testable import Probing

/// What a monitor of certificates' lifetimes looks at, and what its alert says, while the probe itself succeeds.
@Suite struct CertificateLifetimeTests {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)
    private static let key = ProbeKey(
        identity: ProbeIdentity(healthSet: "Web", name: "Probe", target: "mail.fabrikam.com:443"), site: .target(address: nil))

    private static func facts(_ name: String, daysLeft: Double, of lifetime: Double = 100) throws -> CertificateFacts {
        let end = now + daysLeft * 86400
        let number = name.utf8.reduce(UInt8(0), &+)
        return CertificateFacts(
            thumbprint: try #require(Thumbprint(digest: [UInt8](repeating: number, count: 20))), fingerprintSHA256: name,
            subject: "CN=\(name)",
            issuer: "CN=issuer", serialNumber: "01", notBefore: end - lifetime * 86400, notAfter: end, keyType: .ec, keyBits: 256,
            signatureAlgorithm: "ecdsa-with-SHA256")
    }

    private static func presented(_ depth: Int, _ isVerified: Bool, _ facts: CertificateFacts) -> Observation {
        .peerCertificate(stage: .tls, depth: depth, isVerified: isVerified, facts)
    }

    private static func result(_ observations: [Observation], _ findings: [Finding] = []) -> ProbeResult {
        var outcome = Outcome()
        outcome.observations = observations
        outcome.findings = findings
        return ProbeResult(
            key: key, kind: "tcp", start: now, end: now, duration: .zero, type: outcome.resultType, outcome: outcome)
    }

    private static func episode(_ rule: MonitorRule, _ result: ProbeResult) -> Episode? {
        var board = MonitorBoard(at: now)
        _ = board.take(key, [MonitorDefinition(name: "Monitor", rule: rule)], at: .zero, now)
        return board.record(result, at: .seconds(1), now).first?.episode
    }

    private static let rule = MonitorRule.certificateLifetime(belowPercent: 10)

    @Test("a certificate that merely lies in what was presented is not judged; the leaf and the chain that verified are")
    func judged() throws {
        let good = Observation.peerCertificate(stage: .tls, depth: 0, isVerified: true, try Self.facts("leaf", daysLeft: 50))
        let extra = try Self.facts("extra", daysLeft: -1)
        #expect(Self.episode(Self.rule, Self.result([good, Self.presented(1, false, extra)])) == nil)
        let issuer = try Self.facts("issuer", daysLeft: 3)
        let episode = Self.episode(Self.rule, Self.result([good, Self.presented(1, false, extra), Self.presented(2, true, issuer)]))
        #expect(episode?.thumbprint == issuer.thumbprint.description && episode?.sentence.contains("depth 2") == true)
        // Where nothing is verified, the leaf alone.
        let leaf = try Self.facts("leaf", daysLeft: 5)
        #expect(Self.episode(Self.rule, Self.result([Self.presented(0, false, leaf)]))?.thumbprint == leaf.thumbprint.description)
    }

    @Test("the alert names the certificate, its place, its date and the days left, and is about that certificate")
    func description() throws {
        let leaf = try Self.facts("leaf", daysLeft: 5)
        let episode = try #require(
            Self.episode(Self.rule, Self.result([Self.presented(0, true, leaf)])))
        for words in ["CN=leaf", leaf.thumbprint.description, "mail.fabrikam.com:443", leaf.notAfter.formatted(.iso8601), "5 days"] {
            #expect(episode.sentence.contains(words), "\(episode.sentence)")
        }
        #expect(episode.reason == .certificateExpiresSoon && episode.thumbprint == leaf.thumbprint.description)
        let alert = try #require(AlertBook.alerts([AlertBook.Member(episode: episode)]).first)
        #expect(alert.annotations["description"] == episode.sentence && alert.annotations["remedy"] != nil)
    }

    @Test("what else is wrong with the run is not told as the certificate's")
    func otherFailure() throws {
        let leaf = try Self.facts("leaf", daysLeft: -3)
        let failure = Finding(.failure, stage: .endpoint, reason: .httpStatus, sentence: "status 500")
        let episode = try #require(Self.episode(Self.rule, Self.result([Self.presented(0, true, leaf)], [failure])))
        #expect(episode.reason == .certificateExpired && episode.sentence.contains("3 days ago"), "\(episode.sentence)")
    }

    @Test("a copy of the OAuth certificate is named with the server that holds it")
    func copy() throws {
        let copy = OAuthCertificate(
            server: "mbx01", source: .published, slot: .current, facts: try Self.facts("oauth", daysLeft: 2), lastSeen: Self.now)
        let episode = try #require(Self.episode(Self.rule, Self.result([.oauthCertificate(copy)])))
        #expect(episode.sentence.contains("mbx01") && episode.sentence.contains("CN=oauth"), "\(episode.sentence)")
    }

    @Test("a value beyond its limit is told where the run itself found nothing wrong")
    func sampleValue() throws {
        var outcome = Outcome()
        outcome.sampleValue = 12
        let result = ProbeResult(
            key: Self.key, kind: "tcp", start: Self.now, end: Self.now, duration: .zero, type: .succeeded, outcome: outcome)
        let episode = try #require(Self.episode(.sampleValue(.above, 10, consecutive: 1), result))
        #expect(episode.sentence.contains("12") && episode.sentence.contains("10"), "\(episode.sentence)")
    }
}
