import Certificates
import FoundationEssentials
import Probing

/// `cert-expiry` with targets: how long the certificates of TLS servers and files are still valid.
struct CertificateExpiryKind: ProbeKind {
    static let name = "cert-expiry"
    let aim = KindAim.targets
    let isProber = false
    let services: TargetServices

    init(_ services: TargetServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            CertificateSourceOptions.check,
            "Failed if a certificate has expired, is not yet valid, or expires within the failure threshold; a warning within the warning threshold. Whether it is trusted does not matter. SampleValue: days until the first expiry.",
        ],
        stages: CertificateSourceOptions.stages,
        metrics: CertificateSourceOptions.metrics + [.threshold],
        reasons: [.certificateExpired, .certificateNotYetValid, .certificateExpiresVerySoon, .certificateExpiresSoon]
            + CertificateSourceOptions.reasons,
        options: [
            .init("warnBelow", "warn when less than this is left (default: thresholds.warnBelow)", settableThroughAgent: true),
            .init("failBelow", "fail when less than this is left (default: thresholds.failBelow)", settableThroughAgent: true),
        ] + CertificateSourceOptions.guide)

    func expected(insteadOf target: String) -> String? { CertificateSourceOptions.expected(insteadOf: target) }

    func readOptions(_ reader: SettingsReader) -> CertificateExpiryOptions {
        let limits = reader.limits()
        return CertificateExpiryOptions(
            source: CertificateSourceOptions(reader, services), warnBelow: limits.warnBelow, failBelow: limits.failBelow)
    }

    func discover(_ options: CertificateExpiryOptions, at place: Place) -> Discovery {
        guard let target = place.target else { return .notDefined(.needsTarget) }
        var options = options
        options.thresholds = place.organization.thresholds
        options.thresholds.warnBelow = options.warnBelow ?? options.thresholds.warnBelow
        options.thresholds.failBelow = options.failBelow ?? options.thresholds.failBelow
        return .probe(CertificateExpiryProbe(target: target, options: options, services: services))
    }
}

struct CertificateExpiryOptions: Sendable {
    var source: CertificateSourceOptions
    var warnBelow: Duration?
    var failBelow: Duration?
    /// Those of the organization, unless the options say otherwise.
    var thresholds = Thresholds()
}

struct CertificateExpiryProbe: TargetProbe {
    let target: Target
    let options: CertificateExpiryOptions
    let services: TargetServices

    func check(_ run: inout TargetRun, _ facts: inout NoFacts) async {
        for limit in Observation.thresholds(warn: options.warnBelow, fail: options.failBelow) { run.observe(limit) }
        guard let found = await run.findCertificates(options.source) else { return }
        let certificates = found.merged
        let date = run.date
        if let first = certificates.first { run.sample(first.facts.notAfter.timeIntervalSince(date) / 86400) }
        run.find(mostOf: certificates.compactMap { options.thresholds.expiry(of: $0.facts, $0.subject, $0.stage, at: date) })
    }

    func turns(with validity: Validity) -> [Date] { options.thresholds.expiryTurns(with: validity) }
}
