import Addresses
import FoundationEssentials
import HealthManager
import Synchronization
import Transfers

/// One Alertmanager: its bell, which rings when there may be something to tell, and its ledger.
final class AlertAddressee: Sendable {
    static let timeout: Duration = .seconds(10)
    /// Alerts in one request.
    static let batch = 256

    private struct State {
        var ledger = AlertLedger()
        var isStirred = false
        var configured: AlertmanagerConfiguration
    }

    let url: EndpointURL
    let rings: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation
    private let state: Mutex<State>

    init(_ configured: AlertmanagerConfiguration) {
        url = configured.url
        state = Mutex(State(configured: configured))
        (rings, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    var endpoint: String { (url.text.hasSuffix("/") ? String(url.text.dropLast()) : url.text) + "/api/v2/alerts" }

    /// How it is spoken with, as configured last.
    var configured: AlertmanagerConfiguration {
        get { state.withLock(\.configured) }
        set { state.withLock { $0.configured = newValue } }
    }

    /// What a request to it shows of the agent.
    func headers() throws(WayOut.CredentialUnreadable) -> [HeaderField] {
        switch configured.login {
        case .none: return []
        case .file(let file): return [HeaderField("Authorization", try WayOut.credential(file))]
        case .basic(let username, let file):
            let pair = "\(username):\(try WayOut.credential(file))"
            return [HeaderField("Authorization", "Basic " + Data(pair.utf8).base64EncodedString())]
        }
    }

    var ledger: AlertLedger { state.withLock(\.ledger) }

    /// Something has changed since it was last told.
    var isStirred: Bool { state.withLock(\.isStirred) }

    func ring() {
        state.withLock { $0.isStirred = true }
        bell.yield()
    }

    /// A time has come.
    func alarm() { bell.yield() }

    func calm() { state.withLock { $0.isStirred = false } }

    /// It is no longer configured.
    func dismiss() { bell.finish() }

    func accepted(_ count: Int) { state.withLock { $0.ledger.alertsSent += count } }

    /// Notes how a telling went.
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
