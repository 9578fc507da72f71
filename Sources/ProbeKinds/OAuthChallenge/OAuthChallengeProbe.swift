import Documents
import Outbound
import Probing
import Transfers

struct OAuthChallengeProbe: Probe {
    static let stages: [Stage] = [.resolve, .connect, .tls, .endpoint]

    let exchanges: ServerExchanges
    let organization: Organization
    let paths: [String]

    func run(_ context: RunContext) async -> Outcome {
        var log = RunRecorder()
        let judgements = await exchanges.ask(paths, headers: [HeaderField("Authorization", "Bearer")], context)
        var offered: [String] = []
        for (index, response) in exchanges.responses(to: judgements, into: &log) {
            if let finding = finding(paths[index], response) { log.find(finding) } else { offered.append(paths[index]) }
        }
        if organization.tenant.id == nil { log.leaveOut("the tenant of the challenge: tenant.id is not configured") }
        if !offered.isEmpty { log.stage(.endpoint, .passed, "OAuth: " + offered.joined(separator: ", ")) }
        return log.finished(Self.stages)
    }

    /// Nil if the path offers OAuth to this tenant.
    private func finding(_ path: String, _ response: ExchangeResponse) -> Finding? {
        let server = exchanges.server.name
        switch response.status {
        case 401:
            let headers = response.values(of: "WWW-Authenticate")
            guard let challenge = Challenge.bearer(in: headers) else {
                let schemes = headers.flatMap(Challenge.parse).map(\.scheme)
                return Finding(
                    .failure, stage: .endpoint, reason: .challengeMissing,
                    sentence:
                        "\(server): \(path) does not offer OAuth, only \(schemes.isEmpty ? "nothing" : schemes.joined(separator: ", "))",
                    exception: response.values(of: "x-ms-diagnostics").first ?? "")
            }
            return wrongTenant(path, challenge.parameters["trusted_issuers"] ?? "")
        case 200..<300 where response.isMarkup: return exchanges.gateway(path, "a web page")
        case 200..<300:
            return Finding(
                .failure, stage: .endpoint, reason: .challengeMissing,
                sentence: "\(server): \(path) returned status \(response.status) without any authentication")
        case 300..<400, 403: return exchanges.gateway(path, "status \(response.status)")
        default: return exchanges.failure(path, response, instead: "401 with an OAuth challenge")
        }
    }

    /// - Parameter issuers: `application@tenant`, separated by commas; empty if the challenge names none.
    private func wrongTenant(_ path: String, _ issuers: String) -> Finding? {
        let tenants = issuers.split(separator: ",").compactMap { $0.split(separator: "@").last.map { String($0).trimmed } }
        guard organization.tenant.id != nil, !tenants.isEmpty, !tenants.contains(where: { $0 == "*" || organization.isThisTenant($0) })
        else {
            return nil
        }
        return Finding(
            .failure, stage: .endpoint, reason: .challengeWrongTenant,
            sentence:
                "\(exchanges.server.name): \(path) trusts \(tenants.joined(separator: ", ")), but not this tenant (\(organization.tenant.id ?? ""))"
        )
    }
}
