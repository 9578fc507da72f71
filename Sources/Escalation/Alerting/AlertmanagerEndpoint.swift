import Addresses
import FoundationEssentials
import Monitoring
import Synchronization
import Transfers

/// One Alertmanager: the stream that wakes its delivery loop, and its ledger.
final class AlertmanagerEndpoint: Sendable {
    static let timeout: Duration = .seconds(10)
    /// Alerts in one request.
    static let batch = 256

    private struct State {
        var ledger = AlertLedger()
        var needsSend = false
        var configured: AlertmanagerConfiguration
    }

    let url: EndpointURL
    let wakeUps: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let state: Mutex<State>

    init(_ configured: AlertmanagerConfiguration) {
        url = configured.url
        state = Mutex(State(configured: configured))
        (wakeUps, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// The URL that takes alerts.
    var alertsURL: String { (url.text.hasSuffix("/") ? String(url.text.dropLast()) : url.text) + "/api/v2/alerts" }

    /// The latest configuration of this Alertmanager.
    var configured: AlertmanagerConfiguration {
        get { state.withLock(\.configured) }
        set { state.withLock { $0.configured = newValue } }
    }

    /// The authentication headers of a request.
    /// - Throws: if the credential file cannot be read.
    func headers() throws(OutboundClient.CredentialUnreadable) -> [HeaderField] {
        switch configured.login {
        case .none: return []
        case .file(let file): return [HeaderField("Authorization", try OutboundClient.credential(file))]
        case .basic(let username, let file):
            let pair = "\(username):\(try OutboundClient.credential(file))"
            return [HeaderField("Authorization", "Basic " + Data(pair.utf8).base64EncodedString())]
        }
    }

    var ledger: AlertLedger { state.withLock(\.ledger) }

    /// Whether alerts may have changed since `markSent`.
    var needsSend: Bool { state.withLock(\.needsSend) }

    /// Wakes the loop after a change.
    func wake() {
        state.withLock { $0.needsSend = true }
        continuation.yield()
    }

    /// Wakes the loop at a planned time.
    func wakeAsPlanned() { continuation.yield() }

    func markSent() { state.withLock { $0.needsSend = false } }

    /// Ends the loop: the Alertmanager is no longer configured.
    func dismiss() { continuation.finish() }

    func accepted(_ count: Int) { state.withLock { $0.ledger.alertsSent += count } }

    /// Records the outcome of a delivery.
    /// - Parameter problem: nil after a success.
    func tried(_ problem: String?, at now: Date) {
        state.withLock { state in
            if let problem {
                state.ledger.failures += 1
                state.ledger.consecutiveFailures += 1
                state.ledger.problem = problem
            } else {
                state.ledger.lastSuccess = now
                state.ledger.consecutiveFailures = 0
                state.ledger.problem = nil
            }
        }
    }
}
