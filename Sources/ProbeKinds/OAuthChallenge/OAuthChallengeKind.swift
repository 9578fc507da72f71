import Outbound
import Probing

/// `oauth-challenge`: whether a server's virtual directories accept OAuth tokens of this tenant.
struct OAuthChallengeKind: ProbeKind {
    static let name = "oauth-challenge"
    static let paths = ["/ews/exchange.asmx", "/autodiscover/autodiscover.svc"]
    let services: KindServices

    init(_ services: KindServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "A request with an empty bearer token to each path, at the server's own address, is answered with 401 and a Bearer challenge: OAuth is enabled on the virtual directory.",
            "The challenge names this tenant as a trusted issuer (if tenant.id is configured), or none.",
        ],
        stages: [.resolve, .connect, .tls, .endpoint],
        reasons: [.dnsFailed] + .connection + .tls + .http + [
            .challengeMissing, .challengeWrongTenant, .endpointUnavailable, .preauthenticationSuspected,
        ],
        options: [.init("paths", "paths to ask (default \(paths.joined(separator: ", ")))", settableThroughAgent: false)])

    func readOptions(_ reader: SettingsReader) -> [String] {
        let paths = reader.strings("paths") ?? Self.paths
        if !paths.allSatisfy({ $0.hasPrefix("/") }) { reader.error("'paths' must begin with a slash", at: reader.location(of: "paths")) }
        return paths
    }

    func discover(_ paths: [String], at place: Place) -> Discovery {
        guard let server = place.server else { return .notDefined(.needsServer) }
        return .probe(
            OAuthChallengeProbe(
                exchanges: ServerExchanges(server: server, place: place, services), organization: place.organization,
                paths: paths))
    }
}
