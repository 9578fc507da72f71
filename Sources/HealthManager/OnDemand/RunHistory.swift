import DequeModule
import Probing

/// The latest runs, and as many older failures.
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
