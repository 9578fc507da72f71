import Documents
import HealthManager
import Transfers

/// Tells a URL of an event.
struct WebhookCall: Sendable {
    private static let tries = 3
    private static let firstPause: Duration = .milliseconds(200)

    let wayOut: WayOut
    let time: any TimeSource

    /// POSTs the event, again where nobody was there or the other side was at fault, all within the timeout. What it did not accept is undone.
    func call(
        _ url: String, authorizationFile: String?, event: ResponderEvent, within timeout: Duration
    ) async -> ActionResult {
        var headers: [HeaderField] = []
        if let file = authorizationFile {
            // Read each time: credentials are renewed while the agent runs.
            let bytes: [UInt8]
            do throws(FileUnreadable) { bytes = try RegularFile.read(file, atMost: RegularFile.credentialLimit) } catch {
                return ActionResult(false, error.description, isUndone: true)
            }
            let value = String(decoding: bytes, as: UTF8.self).trimming { $0.isWhitespace }
            guard !value.isEmpty, !value.contains(where: \.isNewline) else {
                return ActionResult(false, "\(file) must hold one line", isUndone: true)
            }
            headers.append(HeaderField("Authorization", value))
        }
        guard let body = try? JSONText.encode(event) else { return ActionResult(false, "the event cannot be written") }
        let end = time.elapsed + timeout
        var pause = Self.firstPause
        var tries = 0
        while true {
            tries += 1
            let left = max(.milliseconds(1), end - time.elapsed)
            let report = await wayOut.post(body, to: url, headers: headers, throughProxy: true, within: left)
            let detail = report.clause + (tries > 1 ? " (try \(tries))" : "")
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

extension String {
    fileprivate func trimming(_ isTrimmed: (Character) -> Bool) -> String {
        var rest = drop(while: isTrimmed)
        while let last = rest.last, isTrimmed(last) { rest.removeLast() }
        return String(rest)
    }
}
