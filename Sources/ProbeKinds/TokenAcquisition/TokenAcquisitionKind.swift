import Outbound
import Probing

/// `token-acquisition`: whether the tenant issues tokens: its documents, its keys, and a token for the agent.
struct TokenAcquisitionKind: ProbeKind {
    static let name = "token-acquisition"
    static let lifetime = MetricDefinition("oauth_token_lifetime_seconds", "How long the token that was issued is valid.", .shared)
    let services: KindServices

    init(_ services: KindServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "metadata: the tenant's OpenID discovery document, its key set (JWKS) and its federation metadata are reachable and well-formed, are of this tenant, and contain a signing certificate that is valid now.",
            "config: the agent's own certificate (pushProxy.token, otherwise tenant.credential) is valid and does not expire soon.",
            "token: it belongs to its key, and is exchanged for a token. Each class of AADSTS error has a reason of its own. Without a credential, this stage is not run.",
            "SampleValue: seconds for which the token is valid.",
        ],
        stages: TokenAcquisitionProbe.stages,
        metrics: [TokenAcquisitionKind.lifetime, .credentialNotAfter],
        reasons: [
            .notObserved, .metadataMalformed, .metadataWrongRealm, .metadataNoTokenEndpoint, .metadataNoKeys, .certificateExpired,
            .certificateNotYetValid, .certificateExpiresSoon, .certificateExpiresVerySoon, .clockSkew, .systemRefused, .dnsFailed,
        ] + .token + .connection + .proxy + .tls + .http)

    func readOptions(_ reader: SettingsReader) {}

    func discover(_ options: Void, at place: Place) -> Discovery {
        guard place.organization.tenantName != nil else {
            return .notDefined(
                NotDefined(
                    because: "the tenant was not configured", configured: "neither tenant.id nor organization is in agent.yaml"))
        }
        return .probe(TokenAcquisitionProbe(place: place, path: services.path(place.organization)))
    }
}
