import Monitoring
import Synchronization

/// Limits how often requests are answered, all clients together: a token bucket, as in exporter-toolkit.
final class RequestLimit: Sendable {
    private let settings: WebSettings.RateLimit
    private let state: Mutex<(tokens: Double, last: ContinuousClock.Instant)>

    init(_ settings: WebSettings.RateLimit) {
        self.settings = settings
        state = Mutex((Double(settings.burst), .now))
    }

    func allows(at now: ContinuousClock.Instant = .now) -> Bool {
        state.withLock { state in
            state.tokens = min(Double(settings.burst), state.tokens + (now - state.last) / settings.interval)
            state.last = now
            guard state.tokens >= 1 else { return false }
            state.tokens -= 1
            return true
        }
    }
}
