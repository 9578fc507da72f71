import HealthManager

/// `cert-expiry`: how long every visible copy of the OAuth certificate still lives.
struct CertificateExpiryKind: ProbeKind {
    let name = "cert-expiry"
    private let services: KindServices

    init(_ services: KindServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "Every copy of the OAuth certificate that can be seen from here: the exported file and the keys the server publishes.",
            "Slots current and next are judged, previous is not; where AuthConfig is not known, the newest published key alone.",
            "Failed when a copy has ended, has not begun, or ends within the failure threshold; a warning within the warning threshold.",
            "With a valid next certificate that takes effect in time, an approaching end is at most a warning. SampleValue: days left of the worst.",
        ],
        stages: [.certificate, .metadata],
        reasons: [
            .certificateExpired, .certificateNotYetValid, .certificateExpiresVerySoon, .certificateExpiresSoon, .certificateMissing,
            .certificateUnreadable, .notObserved,
        ],
        options: [
            .init("warnBelow", "warn when less than this is left (default: thresholds.warnBelow)", settableThroughAgent: true),
            .init("failBelow", "fail when less than this is left (default: thresholds.failBelow)", settableThroughAgent: true),
        ])

    func readOptions(_ reader: SettingsReader) -> CertificateExpiryOptions {
        CertificateExpiryOptions(warnBelow: reader.duration("warnBelow"), failBelow: reader.duration("failBelow"))
    }

    func discover(_ options: CertificateExpiryOptions, at place: Place) -> Discovery {
        var thresholds = place.configuration.thresholds
        thresholds.warnBelow = options.warnBelow ?? thresholds.warnBelow
        thresholds.failBelow = options.failBelow ?? thresholds.failBelow
        return .probe(CertificateExpiryProbe(place: place, copies: services.copies(at: place), thresholds: thresholds))
    }

    func clearCaches() async { await services.clearCaches() }
}

struct CertificateExpiryOptions: Sendable {
    var warnBelow: Duration?
    var failBelow: Duration?
}
