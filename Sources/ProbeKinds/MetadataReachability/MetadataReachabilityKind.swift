import Outbound
import Probing

/// `metadata-reachability`: the auth server's metadata document and the server's own.
struct MetadataReachabilityKind: ProbeKind {
    static let name = "metadata-reachability"
    /// By server, which is empty for the auth server's document, and by document.
    static let isReachable = MetricDefinition(
        "oauth_metadata_reachable", "1 if the auth metadata document could be read, 0 if not.", .shared)
    let services: KindServices

    init(_ services: KindServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "The configured metadata URL names this tenant.",
            "The server's own auth metadata document is reachable over verified TLS at the server's address, is well-formed, and has at least one signing key that is valid now.",
            "The same applies to the auth server's document; in addition, its realm is this tenant's (if tenant.id is configured), and it contains a token endpoint.",
            "The server's TLS certificate and its issuers' expire after the warning threshold (thresholds.warnBelow); otherwise a warning.",
            "The clocks of both are compared with the Date header of their responses. If a gateway answers instead of the server, the probe could not judge.",
        ],
        stages: [.config, .resolve, .connect, .tls, .metadata],
        metrics: [.httpDuration, MetadataReachabilityKind.isReachable],
        reasons: [.configIncomplete, .metadataURLMismatch, .dnsFailed] + .connection + .proxy + .tls + .http + [
            .metadataMalformed, .metadataNoKeys, .metadataWrongRealm, .metadataNoTokenEndpoint, .preauthenticationSuspected,
            .certificateExpiresSoon, .notObserved,
        ] + .snapshot,
        options: [
            .init("path", "path of a server's metadata document (default \(MetadataReader.serverPath))", settableThroughAgent: false),
            .init("clockSkewWarning", "clock difference from which to warn (default 2m)", settableThroughAgent: true),
            .init("clockSkewFailure", "clock difference from which to fail (default 5m)", settableThroughAgent: true),
        ])

    func readOptions(_ reader: SettingsReader) -> MetadataReachabilityOptions {
        var options = MetadataReachabilityOptions()
        if let path = reader.string("path") {
            if path.hasPrefix("/") {
                options.path = path
            } else {
                reader.error("'path' must begin with a slash", at: reader.location(of: "path"))
            }
        }
        options.clock.warning = reader.duration("clockSkewWarning") ?? options.clock.warning
        options.clock.failure = reader.duration("clockSkewFailure") ?? options.clock.failure
        return options
    }

    func discover(_ options: MetadataReachabilityOptions, at place: Place) -> Discovery {
        services.probe(at: place) { [services] place, _ in
            let reader = MetadataReader(
                path: services.path(place.organization), documents: services.documents, serverPath: options.path)
            return MetadataReachabilityProbe(
                place: place, metadata: reader, clock: options.clock, thresholds: place.organization.thresholds)
        }
    }
}

struct MetadataReachabilityOptions: Sendable {
    var path = MetadataReader.serverPath
    var clock = ClockComparison()
}
