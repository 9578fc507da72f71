import DequeModule

/// The last runs, and failures for as long again: what an administrator comes to look for.
struct RunHistory: Sendable {
    private static let limit = 100

    private var runs: Deque<OnDemandRun> = []
    private var olderFailures: Deque<OnDemandRun> = []
    private var count = 0

    /// Newest first.
    var all: [OnDemandRun] { runs.reversed() + olderFailures.reversed() }

    mutating func add(_ result: ProbeResult, module: Module, target: String, timeout: Duration) -> OnDemandRun {
        count += 1
        let run = OnDemandRun(id: count, module: module, target: target, timeout: timeout, result: result)
        runs.append(run)
        guard runs.count > Self.limit else { return run }
        let oldest = runs.removeFirst()
        guard !oldest.isSuccess else { return run }
        olderFailures.append(oldest)
        if olderFailures.count > Self.limit { olderFailures.removeFirst() }
        return run
    }
}

/// So many a second, and as many at once after a pause.
struct TokenBucket: Sendable {
    private let perSecond: Int
    private var tokens: Double
    private var last: Duration?

    /// - Parameter perSecond: 0 is no limit.
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
