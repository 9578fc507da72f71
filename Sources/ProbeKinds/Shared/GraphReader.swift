import Documents
import FoundationEssentials
import Outbound
import Probing
import Transfers

/// Reads objects of the tenant from Microsoft Graph.
struct GraphReader: Sendable {
    let host: String
    let token: String
    let path: NetworkPath
    /// Pages of a list that are followed.
    private static let mostPages = 20
    /// In seconds; what a server asks beyond that is as good as for ever.
    private static let longestPause = 86400

    /// An answer that is not the object.
    enum Problem: Error {
        /// There is no such object.
        case notFound
        case other(Finding)
    }

    /// The object at a path such as `/v1.0/applications(appId='...')`.
    func object(_ resource: String, _ context: RunContext) async throws(Problem) -> JSONTree {
        try await get("https://\(host)\(resource)", context)
    }

    /// The elements of a list, from all of its pages.
    func list(_ resource: String, _ context: RunContext) async throws(Problem) -> [JSONTree] {
        var elements: [JSONTree] = []
        var next: String? = "https://\(host)\(resource)"
        for _ in 0..<Self.mostPages {
            guard let url = next else { return elements }
            let page = try await get(url, context)
            elements += page["value"]?.elements ?? []
            next = page["@odata.nextLink"]?.text
            // The token must not be sent to another host.
            if let link = next, !link.hasPrefix("https://\(host)/") {
                throw .other(failure(.httpRedirect, "continues a list at another host"))
            }
        }
        throw .other(failure(.httpTooLarge, "sent a list of more than \(Self.mostPages) pages"))
    }

    /// Waits and asks again if it is told to, as long as there is time.
    private func get(_ url: String, _ context: RunContext) async throws(Problem) -> JSONTree {
        while true {
            var request = path.request(toCloud: url, context)
            request.headers += [HeaderField("Authorization", "Bearer \(token)"), HeaderField("Accept", "application/json")]
            let report = await path.transfers.exchange(request)
            let judgement = ExchangeJudgement(
                report: report, peer: "Microsoft Graph (\(Self.place(url)))", application: .endpoint, allAs: .endpoint)
            if let finding = judgement.finding { throw .other(finding) }
            guard let response = report.response else { throw .other(failure(.httpMalformed, "no response")) }
            guard [429, 503].contains(response.status) else { return try read(response, of: url) }
            let pause =
                response.values(of: "Retry-After").first.flatMap { Int($0) }.map { Duration.seconds(min(max(1, $0), Self.longestPause)) }
                ?? .seconds(1)
            guard pause < context.deadline, (try? await Task.sleep(for: pause)) != nil else {
                throw .other(
                    unknown(.endpointThrottled, "answered \(response.status), and asks to wait \(DurationText.format(pause))"))
            }
        }
    }

    private func read(_ response: ExchangeResponse, of url: String) throws(Problem) -> JSONTree {
        let tree = try? JSONTree(response.body, within: .answer)
        let code = tree?["error"]?["code"]?.text
        switch response.status {
        case 200:
            if let tree, case .object = tree { return tree }
            throw .other(failure(.httpMalformed, "\(Self.place(url)) returned \(response.bodyLength) bytes that are no JSON object"))
        case 401: throw .other(unknown(.endpointRefusedToken, "refused the agent's token (\(word(code)))"))
        case 403:
            throw .other(
                unknown(
                    .consentMissing,
                    "does not show applications to the agent's own application (\(word(code))): it needs the application permission Application.Read.All, with admin consent"
                ))
        case 404: throw .notFound
        case 300..<400: throw .other(failure(.httpRedirect, "\(Self.place(url)) redirects with status \(response.status)"))
        default: throw .other(failure(.httpStatus, "\(Self.place(url)) returned status \(response.status) (\(word(code)))"))
        }
    }

    /// A URL without its query.
    private static func place(_ url: String) -> Substring { url.prefix { $0 != "?" } }

    private func word(_ code: String?) -> String { Redaction(secrets: [token]).firstLine(of: code ?? "no code") }

    private func failure(_ reason: Reason, _ clause: String) -> Finding {
        Finding(.failure, stage: .endpoint, reason: reason, sentence: "Microsoft Graph: \(clause)")
    }

    /// What says nothing of the tenant's keys.
    private func unknown(_ reason: Reason, _ clause: String) -> Finding {
        Finding(.unknown, stage: .endpoint, reason: reason, sentence: "Microsoft Graph \(clause)")
    }
}
