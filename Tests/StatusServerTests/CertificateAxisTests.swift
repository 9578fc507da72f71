import Certificates
import Exposition
import FoundationEssentials
import Probing
import Testing

@testable import Monitoring
@testable import StatusServer

/// What the page says of certificates: what the probes that saw them say, and nothing else.
@Suite struct CertificateAxisTests {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)
    private static let day = 86400.0

    /// Judges certificates as far as its reasons say.
    private struct Kind: ProbeKind {
        static let name = "judging"
        let name: String
        let guide: KindGuide

        init(_ reasons: [Reason], name: String = Self.name) {
            self.name = name
            guide = KindGuide(checks: [], stages: [.certificate], reasons: reasons)
        }

        func readOptions(_ reader: SettingsReader) -> String { "\(reader.string("warnBelow") ?? "")\(reader.string("failBelow") ?? "")" }
        func discover(_ options: String, at place: Place) -> Discovery { .notDefined(NotDefined(because: "", configured: "")) }
    }

    private static let both: [Reason] = [.certificateExpiresSoon, .certificateExpiresVerySoon]

    /// A certificate of a year.
    private static func facts(endsIn days: Double, _ digit: Character = "A") -> CertificateFacts {
        CertificateFacts(
            thumbprint: Thumbprint(String(repeating: digit, count: 40)) ?? { preconditionFailure("a thumbprint") }(),
            fingerprintSHA256: String(repeating: digit, count: 64), subject: "CN=mail", issuer: "CN=mail", serialNumber: "",
            notBefore: now + (days - 365) * day, notAfter: now + days * day, keyType: .rsa, keyBits: 2048, signatureAlgorithm: "")
    }

    private static func copy(_ slot: OAuthCertificate.Slot, _ facts: CertificateFacts) -> Observation {
        .oauthCertificate(OAuthCertificate(server: "mbx01", source: .published, slot: slot, facts: facts, lastSeen: now))
    }

    private static func peer(_ facts: CertificateFacts) -> Observation {
        .peerCertificate(stage: .tls, depth: 0, isVerified: true, facts)
    }

    private static func probe(
        _ kind: Kind = Kind(both), _ name: String = "Expiry", options: [(String, String)] = [], isOfTargets: Bool = false,
        sees observations: [Observation]
    ) -> ProbeState {
        let location = SourceLocation(path: "test.yaml")
        let setting = options.reduce(Setting.empty(at: location)) { $0.setting($1.0, to: $1.1, at: location) }
        let identity = ProbeIdentity(healthSet: "OAuth", name: name, target: isOfTargets ? "mail:443" : nil)
        let key = ProbeKey(identity: identity, site: isOfTargets ? .target(address: nil) : .server("mbx01"))
        var state = ProbeState(
            key: key,
            definition: ProbeDefinition(
                identity: ProbeIdentity(identity, target: nil), kind: ConfiguredKind(kind, options: setting), summary: "",
                scope: isOfTargets ? .targets(TargetList([])) : .server(role: .mailbox), every: .seconds(60), timeout: .seconds(5),
                location: location))
        var outcome = Outcome()
        outcome.observations = observations
        state.record(
            ProbeResult(key: key, kind: kind.name, start: now, end: now, duration: .zero, type: .succeeded, outcome: outcome))
        return state
    }

    private static func snapshot(_ probes: [ProbeState]) -> Snapshot {
        Snapshot(taken: now, probes: probes, agent: AgentFacts(started: now, configurationPath: ""))
    }

    private static func standing(_ probes: ProbeState...) -> Standing? {
        SeenCertificate.all(in: snapshot(probes)).first?.standing(at: now)
    }

    @Test("a certificate is judged by the thresholds of the definition whose probe saw it, else by those of agent.yaml")
    func own() {
        let facts = Self.facts(endsIn: 20)
        #expect(Self.standing(Self.probe(sees: [Self.copy(.current, facts)])) == .failing)
        let lenient = Self.probe(options: [("warnBelow", "15d"), ("failBelow", "5d")], sees: [Self.copy(.current, facts)])
        #expect(Self.standing(lenient) == .passing)
        #expect(Self.standing(Self.probe(options: [("failBelow", "5d")], sees: [Self.copy(.current, facts)])) == .warning)
        // Of several that judge it, the strictest counts; what another kind saw does not.
        let strict = Self.probe(Kind(Self.both), "Strict", sees: [Self.copy(.current, facts)])
        let other = Self.probe(Kind([.timeout]), "Other", sees: [Self.copy(.current, facts)])
        #expect(Self.standing(lenient, strict) == .failing)
        #expect(Self.standing(lenient, other) == .passing)
        #expect(Self.standing(other) == .failing)
        let axis = CertificateAxis(SeenCertificate.all(in: Self.snapshot([lenient])), [], at: Self.now)
        #expect(axis.bars.map(\.barState) == ["passing"] && axis.bars.first?.marks.count == 2)
        #expect(Cliff(SeenCertificate.all(in: Self.snapshot([lenient])), at: Self.now)?.words.hasSuffix("becomes a warning") == true)
    }

    @Test("a kind that only warns does not fail before the end, nor does one whose next certificate is staged")
    func mild() {
        let facts = Self.facts(endsIn: 20)
        #expect(Self.standing(Self.probe(Kind([.certificateExpiresSoon]), sees: [Self.peer(facts)])) == .warning)
        #expect(Self.standing(Self.probe(sees: [Self.peer(facts)])) == .warning)
        #expect(Self.standing(Self.probe(isOfTargets: true, sees: [Self.peer(facts)])) == .failing)
        let next = Self.copy(.next, Self.facts(endsIn: 350, "B"))
        let staged = Self.probe(sees: [Self.copy(.current, facts), next])
        #expect(Self.standing(staged) == .warning)
        let words = Cliff(SeenCertificate.all(in: Self.snapshot([staged])), at: Self.now)?.words
        #expect(words == "OAuth certificate (current) expires")
    }

    @Test("a monitor of the lifetime counts, with its severity")
    func lifetime() {
        var state = Self.probe(Kind([.timeout]), isOfTargets: true, sees: [Self.peer(Self.facts(endsIn: 100))])
        func status(_ severity: MonitorDefinition.Severity) -> MonitorStatus {
            var definition = MonitorDefinition(name: "Monitor", rule: .certificateLifetime(belowPercent: 50))
            definition.severity = severity
            return MonitorStatus(
                key: MonitorKey(probe: state.key, name: "Monitor"), definition: definition, state: .healthy, since: Self.now)
        }
        #expect(Self.standing(state) == .passing)
        state.monitors = [status(.warning)]
        #expect(Self.standing(state) == .warning)
        state.monitors = [status(.critical)]
        #expect(Self.standing(state) == .failing)
    }

    @Test("the end of a previous certificate is no problem; that of any other is")
    func previous() {
        let facts = Self.facts(endsIn: -1)
        #expect(Self.standing(Self.probe(sees: [Self.copy(.previous, facts)])) == .unknown)
        #expect(Self.standing(Self.probe(sees: [Self.copy(.current, facts)])) == .failing)
    }

    @Test("what ends within a week is marked, and the dates that Microsoft announced are, where a probe watches them")
    func marks() throws {
        var snapshot = Self.snapshot([
            Self.probe(sees: [Self.copy(.current, Self.facts(endsIn: 6)), Self.copy(.next, Self.facts(endsIn: 300, "B"))])
        ])
        snapshot.agent.knownDates = [10.0, 9000].map { KnownDates.Event(date: Self.now + $0 * Self.day, what: "basic & login ends") }
        func svg() throws -> String {
            let axis = CertificateAxis(SeenCertificate.all(in: snapshot), KnownDate.all(in: snapshot), at: snapshot.taken)
            return try PageTemplates().render(axis, "axis")
        }
        var text = try svg()
        #expect(text.split(separator: "within a week<").count == 2 && text.contains("1 end within a week"), "\(text)")
        #expect(!text.contains("login"))
        snapshot.probes.append(Self.probe(Kind([], name: "hybrid-readiness"), "Ready", sees: []))
        text = try svg()
        // The other is beyond the axis.
        #expect(text.split(separator: "Basic &amp; login ends").count == 2 && text.contains("1 known dates"), "\(text)")
    }
}
