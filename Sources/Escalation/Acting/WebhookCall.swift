import Addresses
import Documents
import Monitoring
import Probing
import Transfers

/// POSTs an event to a webhook.
struct WebhookCall: Sendable {
    private static let tries = 3
    private static let firstPause: Duration = .milliseconds(200)

    let client: OutboundClient
    let time: any TimeSource

    /// POSTs the event as JSON; retries after connection failures and 5xx responses, all within the timeout.
    /// - Returns: succeeded for a 2xx response; anything else is marked `isUndone`.
    func call(
        _ url: EndpointURL, authorizationFile: String?, event: ResponderEvent, within timeout: Duration
    ) async -> ActionResult {
        var headers: [HeaderField] = []
        if let file = authorizationFile {
            do throws(OutboundClient.CredentialUnreadable) {
                headers.append(HeaderField("Authorization", try OutboundClient.credential(file)))
            } catch {
                return ActionResult(false, error.clause, isUndone: true)
            }
        }
        guard let body = try? JSONText.encode(event) else { return ActionResult(false, "the event cannot be encoded") }
        let end = time.elapsed + timeout
        var pause = Self.firstPause
        var tries = 0
        while true {
            tries += 1
            let left = max(.milliseconds(1), end - time.elapsed)
            let report = await client.post(body, to: url.text, headers: headers, throughProxy: true, within: left)
            let detail = report.clause(without: headers) + (tries > 1 ? " (try \(tries))" : "")
            if report.isAccepted { return ActionResult(true, detail) }
            guard tries < Self.tries, Self.isWorthAnother(report), time.elapsed + pause < end,
                (try? await time.sleep(until: time.elapsed + pause)) != nil
            else { return ActionResult(false, detail, isUndone: true) }
            pause *= 2
        }
    }

    private static func isWorthAnother(_ report: ExchangeReport) -> Bool {
        if let failure = report.failure {
            return [.nameNotResolved, .refused, .connectTimeout, .unreachable, .reset, .localResources].contains(failure.kind)
        }
        return (report.response?.status ?? 0) >= 500
    }
}
