import Outbound
import Probing

/// `push-connectivity`: whether the push service is reachable with a token that the tenant accepts.
struct PushConnectivityKind: ProbeKind {
    static let name = "push-connectivity"
    let services: KindServices

    init(_ services: KindServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "config: the push notifications proxy is completely configured, names this organization, and its URI is in the same cloud as the auth server.",
            "certificate: the OAuth certificate exists and is valid now. metadata: the auth server's document can be read.",
            "token: with the agent's own credential (pushProxy.token), a client assertion is signed and exchanged for a token. Without a credential, this stage is not run.",
            "resolve, connect, tls, endpoint: one request to the push service. With a token, a 2xx status passes; without one, any HTTP response passes and its status is recorded.",
        ],
        stages: PushConnectivityProbe.stages,
        metrics: [.httpDuration],
        reasons: [
            .configIncomplete, .configMismatch, .certificateMissing, .metadataURLMismatch, .metadataMalformed, .metadataNoKeys,
            .dnsFailed,
        ] + .token + .connection + .proxy + .tls + .http + [.endpointRefusedToken, .endpointUnavailable, .notObserved] + .snapshot,
        options: [
            .init("body", "body of the notification request (default {})", settableThroughAgent: false),
            .init("contentType", "Content-Type of the notification request (default application/json)", settableThroughAgent: false),
        ])

    func readOptions(_ reader: SettingsReader) -> PushConnectivityOptions {
        PushConnectivityOptions(body: reader.string("body") ?? "{}", contentType: reader.string("contentType") ?? "application/json")
    }

    func discover(_ options: PushConnectivityOptions, at place: Place) -> Discovery {
        guard place.organization.pushProxy.enabled || place.organization.snapshotEnablesPush else {
            let place = place.organization.snapshot == nil ? "pushProxy.enabled is false" : "neither agent.yaml nor the snapshot enables it"
            return .notDefined(
                NotDefined(because: "the push notifications proxy was disabled", configured: "\(place): normal if you do not use it"))
        }
        return services.probe(at: place) { [services] place, snapshot in
            PushConnectivityProbe(
                place: place, copies: services.copies(at: place, snapshot: snapshot), path: services.path(place.organization),
                options: options)
        }
    }
}

struct PushConnectivityOptions: Sendable {
    var body: String
    var contentType: String
}
