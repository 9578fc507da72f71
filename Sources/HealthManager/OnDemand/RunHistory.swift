import DequeModule
import Probing

/// The latest runs, and as many older failures.
struct RunHistory: Sendable {
    /// How many runs are kept, and as many older failures.
    var limit = 100 {
        didSet { trim() }
    }

    private var runs: Deque<OnDemandRun> = []
    private var olderFailures: Deque<OnDemandRun> = []
    private var count = 0

    /// Newest first.
    var all: [OnDemandRun] { runs.reversed() + olderFailures.reversed() }

    mutating func add(_ result: ProbeResult, module: Module, target: String, timeout: Duration) -> OnDemandRun {
        count += 1
        let run = OnDemandRun(id: count, module: module, target: target, timeout: timeout, result: result)
        runs.append(run)
        trim()
        return run
    }

    private mutating func trim() {
        while runs.count > limit, let oldest = runs.popFirst() {
            if !oldest.isSuccess { olderFailures.append(oldest) }
        }
        while olderFailures.count > limit { olderFailures.removeFirst() }
    }
}
