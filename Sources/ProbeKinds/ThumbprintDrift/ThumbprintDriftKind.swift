import Probing

/// `thumbprint-drift`: whether all copies of the OAuth certificate are the organization's current one.
struct ThumbprintDriftKind: ProbeKind {
    static let name = "thumbprint-drift"
    /// By server, which is empty for a copy that the organization shares, and by source.
    static let drift = MetricDefinition(
        "oauth_certificate_drift", "0 if the source has the expected certificate, 1 if another, 2 if another and settling.", .shared)
    let services: KindServices

    init(_ services: KindServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "AuthConfig's current thumbprint, the exported file and the keys this server publishes identify one certificate; the server may publish other keys as well.",
            "A difference within the settling time (default 24 h after the new key was first seen, while the old one is valid) is a warning.",
            "If all servers agree on one key and the configured thumbprint names another, the configuration is out of date: a warning.",
        ],
        stages: [.certificate, .metadata, .compare],
        metrics: MetricDefinition.oauthCertificate + [ThumbprintDriftKind.drift],
        reasons: [
            .thumbprintDrift, .thumbprintSettling, .authconfigOutdated, .certificateUnreadable, .metadataNoKeys,
            .notObserved,
        ] + .snapshot,
        options: [
            .init(
                "settling", "how long a new key may take to reach every copy (default: thresholds.driftSettling)",
                settableThroughAgent: true)
        ])

    func readOptions(_ reader: SettingsReader) -> ThumbprintDriftOptions {
        ThumbprintDriftOptions(settling: reader.duration("settling", allowZero: true))
    }

    func discover(_ options: ThumbprintDriftOptions, at place: Place) -> Discovery {
        let settling = options.settling ?? place.organization.thresholds.driftSettling
        return services.probe(at: place) { [services] place, snapshot in
            ThumbprintDriftProbe(place: place, copies: services.copies(at: place, snapshot: snapshot), settling: settling)
        }
    }
}

struct ThumbprintDriftOptions: Sendable {
    var settling: Duration?
}
