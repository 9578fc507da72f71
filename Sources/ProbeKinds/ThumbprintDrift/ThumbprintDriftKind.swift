import HealthManager

/// `thumbprint-drift`: whether all copies of the OAuth certificate are the one the organization agreed on.
struct ThumbprintDriftKind: ProbeKind {
    let name = "thumbprint-drift"
    private let services: KindServices

    init(_ services: KindServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "AuthConfig's current thumbprint, the exported file and the keys this server publishes name one certificate; other keys may stand beside it.",
            "A difference within the settling time (default 24 h from the first sight of the new key, while the old one is valid) is a warning.",
            "Where every server agrees on one key that AuthConfig's configured thumbprint does not name, the configuration is old: a warning.",
        ],
        stages: [.certificate, .metadata, .compare],
        reasons: [
            .thumbprintDrift, .thumbprintSettling, .authconfigOutdated, .certificateUnreadable, .systemRefused, .metadataNoKeys,
            .notObserved,
        ],
        options: [
            .init(
                "settling", "how long a new key may take to reach every copy (default: thresholds.driftSettling)",
                settableThroughAgent: true)
        ])

    func readOptions(_ reader: SettingsReader) -> ThumbprintDriftOptions {
        ThumbprintDriftOptions(settling: reader.duration("settling", allowZero: true))
    }

    func discover(_ options: ThumbprintDriftOptions, at place: Place) -> Discovery {
        let copies = services.copies(at: place)
        let settling = options.settling ?? place.configuration.thresholds.driftSettling
        return .probe(ThumbprintDriftProbe(place: place, copies: copies, settling: settling))
    }

    func clearCaches() async { await services.clearCaches() }
}

struct ThumbprintDriftOptions: Sendable {
    var settling: Duration?
}
