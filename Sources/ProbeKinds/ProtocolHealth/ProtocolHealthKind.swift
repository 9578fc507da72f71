import Outbound
import Probing
import Transfers

/// `protocol-health`: what Managed Availability says about each protocol of a server.
struct ProtocolHealthKind: ProbeKind {
    static let name = "protocol-health"
    static let isHealthy = MetricDefinition(
        "exchange_protocol_healthy", "1 if the server says that the protocol is healthy, 0 if not.", .scheduled)
    static let protocols = ["owa", "ecp", "ews", "autodiscover", "oab", "mapi", "rpc", "Microsoft-Server-ActiveSync"]
    let services: KindServices

    init(_ services: KindServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "healthcheck.htm of each protocol, at the server's own address, is answered with status 200 and this server's name: Managed Availability considers the protocol healthy. Load balancers ask the same.",
            "If another server's name is in the response, the address belongs to a load balancer and the probe could not judge; so too if a gateway answers.",
            "A redirect to errorFE.aspx is Exchange's own: it cannot serve its users, as without a valid OAuth certificate.",
        ],
        stages: [.resolve, .connect, .tls, .endpoint],
        metrics: [ProtocolHealthKind.isHealthy],
        reasons: [.dnsFailed] + .connection + .tls + .http + [
            .loginRefused, .kerberosFailed, .endpointUnavailable, .addressIsLoadBalanced, .preauthenticationSuspected,
        ],
        options: [
            .init("protocols", "virtual directories to check (default \(protocols.joined(separator: ", ")))", settableThroughAgent: false),
            .init(
                "windowsAuth",
                "an account for virtual directories that ask for Windows authentication: scheme (negotiate or ntlm), user, passwordFile, keytab",
                settableThroughAgent: false),
        ])

    struct Options: Sendable {
        var protocols: [String]
        var login: WindowsLogin?
    }

    func readOptions(_ reader: SettingsReader) -> Options {
        Options(protocols: reader.strings("protocols") ?? Self.protocols, login: reader.windowsAuth.map { WindowsLogin($0) })
    }

    func discover(_ options: Options, at place: Place) -> Discovery {
        guard let server = place.server else { return .notDefined(.needsServer) }
        let others = place.organization.servers.filter { $0.name != server.name }.map(\.name)
        return .probe(
            ProtocolHealthProbe(
                exchanges: ServerExchanges(server: server, place: place, services), others: others, protocols: options.protocols,
                login: options.login))
    }
}

extension NotDefined {
    static let needsServer = NotDefined(because: "its kind needs a server", configured: "set 'scope: server' in its definition")
}
