import Probing

/// `cert-expiry`: the remaining lifetime of every visible copy of the OAuth certificate.
struct CertificateExpiryKind: ProbeKind {
    static let name = "cert-expiry"
    let services: KindServices

    init(_ services: KindServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "Checks every copy of the OAuth certificate that is visible to the agent: the exported file and the keys the server publishes.",
            "The current and next certificates are judged, previous ones are not; if AuthConfig is not known, only the newest published key is judged.",
            "Failed if a copy has expired, is not yet valid, or expires within the failure threshold; a warning within the warning threshold.",
            "With a valid next certificate that takes effect in time, an approaching expiry is at most a warning. SampleValue: days until the first expiry.",
        ],
        stages: [.certificate, .metadata],
        metrics: MetricDefinition.oauthCertificate + [.threshold],
        reasons: [
            .certificateExpired, .certificateNotYetValid, .certificateExpiresVerySoon, .certificateExpiresSoon, .certificateMissing,
            .certificateUnreadable, .notObserved,
        ] + .snapshot,
        options: [
            .init("warnBelow", "warn when less than this is left (default: thresholds.warnBelow)", settableThroughAgent: true),
            .init("failBelow", "fail when less than this is left (default: thresholds.failBelow)", settableThroughAgent: true),
        ])

    func readOptions(_ reader: SettingsReader) -> CertificateExpiryOptions {
        let limits = reader.limits()
        return CertificateExpiryOptions(warnBelow: limits.warnBelow, failBelow: limits.failBelow)
    }

    func discover(_ options: CertificateExpiryOptions, at place: Place) -> Discovery {
        var thresholds = place.organization.thresholds
        thresholds.warnBelow = options.warnBelow ?? thresholds.warnBelow
        thresholds.failBelow = options.failBelow ?? thresholds.failBelow
        return services.probe(at: place) { [services, thresholds] place, snapshot in
            CertificateExpiryProbe(
                place: place, copies: services.copies(at: place, snapshot: snapshot), thresholds: thresholds, options: options)
        }
    }
}

struct CertificateExpiryOptions: Sendable {
    var warnBelow: Duration?
    var failBelow: Duration?
}
