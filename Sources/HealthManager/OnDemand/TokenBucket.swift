import DequeModule
import Probing

/// A token bucket whose capacity is the number of tokens added per second.
struct TokenBucket: Sendable {
    private let perSecond: Int
    private var tokens: Double
    private var last: Duration?

    /// - Parameter perSecond: 0 means no limit.
    init(perSecond: Int = 0) {
        self.perSecond = perSecond
        tokens = Double(perSecond)
    }

    mutating func take(at now: Duration) -> Bool {
        guard perSecond > 0 else { return true }
        if let last { tokens = min(Double(perSecond), tokens + (now - last).seconds * Double(perSecond)) }
        last = now
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}
