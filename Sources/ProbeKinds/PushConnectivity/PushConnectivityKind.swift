import HealthManager

/// `push-connectivity`: whether this site can reach the push service with a token the tenant accepts.
struct PushConnectivityKind: ProbeKind {
    let name = "push-connectivity"
    private let services: KindServices

    init(_ services: KindServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "config: the push notifications proxy is complete, names this organization, and its URI is of the same cloud as the auth server.",
            "certificate: the OAuth certificate is there, has begun and has not ended. metadata: the auth server's document can be read.",
            "token: with a credential of the agent's own (pushProxy.token), a client assertion is signed and exchanged for a token. Without one this stage is not run.",
            "resolve, connect, tls, endpoint: one request to the push service. With a token a 2xx passes; without one any HTTP answer passes and its status is recorded.",
        ],
        stages: PushConnectivityProbe.stages,
        reasons: [
            .configIncomplete, .configMismatch, .certificateExpired, .certificateNotYetValid, .certificateMissing, .metadataURLMismatch,
            .metadataMalformed, .metadataNoKeys, .httpStatus, .httpRedirect, .httpTooLarge, .httpMalformed, .credentialUnreadable,
            .systemRefused,
            .tokenRefused, .tokenKeyUnknown, .tokenMalformed, .clockSkew, .dnsFailed, .connectRefused, .connectTimeout, .networkUnreachable,
            .connectionReset, .timeout, .proxyRefused, .proxyAuthentication, .tlsHandshakeFailed, .clientCertificateRequired,
            .renegotiationInsecure, .keyTooSmall, .signatureWeak, .certificateUnreadable, .certificateUntrusted,
            .certificateNameMismatch, .endpointRefusedToken, .endpointThrottled, .endpointUnavailable,
        ],
        options: [
            .init("body", "body of the notification request (default {})", settableThroughAgent: false),
            .init("contentType", "its Content-Type (default application/json)", settableThroughAgent: false),
        ])

    func readOptions(_ reader: SettingsReader) -> PushConnectivityOptions {
        PushConnectivityOptions(body: reader.string("body") ?? "{}", contentType: reader.string("contentType") ?? "application/json")
    }

    func discover(_ options: PushConnectivityOptions, at place: Place) -> Discovery {
        guard place.configuration.pushProxy.enabled else {
            return .notDefined(
                NotDefined(
                    because: "the push notifications proxy was disabled",
                    configured: "pushProxy.enabled is false: normal if you do not use it"))
        }
        return .probe(
            PushConnectivityProbe(
                place: place, copies: services.copies(at: place), path: services.path(place.configuration), options: options))
    }

    func clearCaches() async { await services.clearCaches() }
}

struct PushConnectivityOptions: Sendable {
    var body: String
    var contentType: String
}
