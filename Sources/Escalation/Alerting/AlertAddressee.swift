import FoundationEssentials
import HealthManager
import Synchronization

/// One Alertmanager: its bell, which rings when there may be something to tell, and its ledger.
final class AlertAddressee: Sendable {
    static let timeout: Duration = .seconds(10)
    /// Alerts in one request.
    static let batch = 256

    private struct State {
        var ledger = AlertLedger()
        var isStirred = false
    }

    /// As configured.
    let url: String
    let rings: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation
    private let state = Mutex(State())

    init(_ url: String) {
        self.url = url
        (rings, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    var endpoint: String { (url.hasSuffix("/") ? String(url.dropLast()) : url) + "/api/v2/alerts" }

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
