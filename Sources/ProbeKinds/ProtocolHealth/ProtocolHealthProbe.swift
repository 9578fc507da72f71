import Outbound
import Probing
import Transfers

struct ProtocolHealthProbe: Probe {
    static let stages: [Stage] = [.resolve, .connect, .tls, .endpoint]

    let exchanges: ServerExchanges
    /// The names of the organization's other servers.
    let others: [String]
    let protocols: [String]
    let login: WindowsLogin?

    func run(_ context: RunContext) async -> Outcome {
        var log = RunRecorder()
        let paths = protocols.map { "/\($0)/healthcheck.htm" }
        let judgements = await exchanges.ask(paths, login: login, context)
        var healthy: [String] = []
        for (index, response) in exchanges.responses(to: judgements, into: &log) {
            let finding = finding(paths[index], response)
            if finding?.severity != .unknown {
                log.observe(.measurement(ProtocolHealthKind.isHealthy(finding == nil, [("protocol", protocols[index])])))
            }
            if let finding { log.find(finding) } else { healthy.append(protocols[index]) }
        }
        if !healthy.isEmpty { log.stage(.endpoint, .passed, "healthy: " + healthy.joined(separator: ", ")) }
        return log.finished(Self.stages)
    }

    /// Nil if the server says that the protocol is healthy.
    private func finding(_ path: String, _ response: ExchangeResponse) -> Finding? {
        let server = exchanges.server
        switch response.status {
        case 200:
            // `200 OK<br/>MBX01.FABRIKAM.COM`
            let parts = String(decoding: response.body.prefix(1000), as: UTF8.self).lowercased().split(separator: "<br/>")
            let answering = parts.count == 2 ? parts[1].filter { !$0.isWhitespace } : ""
            if Self.isName(answering, of: server.name) { return nil }
            let other = others.first { Self.isName(answering, of: $0) } ?? (Text.isHostName(answering) ? answering : nil)
            if let other {
                return Finding(
                    .unknown, stage: .endpoint, reason: .addressIsLoadBalanced,
                    sentence:
                        "\(server.name): \(path) was answered by \(other): set 'address' to the server itself, or 'name' to its own name")
            }
            return exchanges.gateway(path, "a page without the server's name")
        // Exchange's own page for a server that cannot make its sessions, as it does without a valid OAuth certificate.
        case 300..<400 where response.values(of: "Location").contains { $0.lowercased().contains("/errorfe.aspx") }:
            return Finding(
                .failure, stage: .endpoint, reason: .endpointUnavailable,
                sentence:
                    "\(server.name): \(path) leads to errorFE.aspx: the server cannot serve its users, which is what an expired or missing OAuth certificate looks like on it"
            )
        case 300..<400, 401, 403: return exchanges.gateway(path, "status \(response.status)")
        default: return exchanges.failure(path, response, instead: "200: the server does not consider the protocol healthy")
        }
    }

    /// Whether a server that is configured by this name calls itself so, in lower case. A name without a domain stands for any domain.
    private static func isName(_ answering: String, of name: String) -> Bool {
        answering == name.lowercased() || (!name.contains(".") && answering.hasPrefix(name.lowercased() + "."))
    }
}
