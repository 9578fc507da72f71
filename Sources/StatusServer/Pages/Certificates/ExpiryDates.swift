import Certificates
import FoundationEssentials
import Monitoring
import Probing

/// When a certificate becomes a warning and a failure, if it is not renewed.
struct ExpiryDates: Sendable {
    /// Not after `failure`.
    private(set) var warning: Date
    /// The end itself, where nobody fails before it.
    private(set) var failure: Date

    /// By the thresholds of `agent.yaml`, where no probe judges the certificate.
    init(_ facts: CertificateFacts, _ thresholds: Thresholds) {
        let lifetime = Self.lifetime(facts)
        warning = facts.notAfter - thresholds.warning(lifetime: lifetime).seconds
        failure = facts.notAfter - thresholds.failure(lifetime: lifetime).seconds
    }

    /// As the probe that saw the certificate judges it, by its own thresholds, and its monitors; nil if it judges how long others are valid.
    init?(_ facts: CertificateFacts, _ observation: Observation, in probe: ProbeState, _ thresholds: Thresholds) {
        let limits = probe.monitors.filter(\.definition.isEnabled).compactMap { status -> (percent: Double, isCritical: Bool)? in
            guard case .certificateLifetime(let percent) = status.definition.rule, observation.hasJudgedLifetime else { return nil }
            return (percent, status.definition.severity == .critical)
        }
        let isJudged = probe.definition.kind.guide.reasons.contains(.certificateExpiresSoon)
        guard isJudged || !limits.isEmpty else { return nil }
        (warning, failure) = (facts.notAfter, facts.notAfter)
        if isJudged {
            let own = ExpiryDates(facts, thresholds.of(probe.definition))
            warning = own.warning
            if Self.mayFail(facts, observation, in: probe) { failure = own.failure }
        }
        for (percent, isCritical) in limits {
            let date = facts.notAfter - Self.lifetime(facts).seconds * percent / 100
            if isCritical { failure = min(failure, date) } else { warning = min(warning, date) }
        }
        warning = min(warning, failure)
    }

    /// The earliest of several; nil for none.
    init?(earliestOf all: [ExpiryDates]) {
        guard let first = all.first else { return nil }
        self = all.dropFirst().reduce(into: first) { earliest, other in
            earliest.warning = min(earliest.warning, other.warning)
            earliest.failure = min(earliest.failure, other.failure)
        }
    }

    /// Whether the probe fails before the end: not of the peers of Exchange's own connections, nor while a next certificate is staged.
    private static func mayFail(_ facts: CertificateFacts, _ observation: Observation, in probe: ProbeState) -> Bool {
        guard probe.definition.kind.guide.reasons.contains(.certificateExpiresVerySoon) else { return false }
        switch observation {
        case .peerCertificate: return probe.definition.targets != nil
        case .oauthCertificate:
            return probe.latest?.certificates.contains { copy in
                copy.slot == .next && copy.facts.thumbprint != facts.thumbprint && copy.facts.notBefore <= facts.notAfter
                    && copy.facts.notAfter > facts.notAfter
            } != true
        default: return true
        }
    }

    private static func lifetime(_ facts: CertificateFacts) -> Duration { .seconds(facts.notAfter.timeIntervalSince(facts.notBefore)) }
}

extension Thresholds {
    /// With what the options of a definition say instead.
    fileprivate func of(_ definition: ProbeDefinition) -> Thresholds {
        var own = self
        for (key, value) in definition.options.entries {
            guard case .scalar(let text, _) = value.value, let duration = DurationText.parse(text) else { continue }
            switch key {
            case "warnBelow": own.warnBelow = duration
            case "failBelow": own.failBelow = duration
            default: break
            }
        }
        return own
    }
}

extension Observation {
    /// Whether a monitor's rule about the lifetime counts it.
    fileprivate var hasJudgedLifetime: Bool {
        switch self {
        case .oauthCertificate(let copy): [.current, .next].contains(copy.slot)
        case .peerCertificate(_, let depth, let isVerified, _): depth == 0 || isVerified
        case .fileCertificate, .credential: true
        default: false
        }
    }
}
