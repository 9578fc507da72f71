/// How a run ended, with the names and numbers Exchange uses.
package enum ResultType: Int, Sendable, Hashable, CaseIterable {
    /// Exceeded its deadline.
    case timeout = 1
    /// Did not stop when it was cancelled.
    case poisoned = 2
    case succeeded = 3
    /// The monitored system has a problem.
    case failed = 4
    /// Not run after three Poisoned runs, until restart.
    case quarantined = 5
    /// Could not be run or judged.
    case rejected = 6

    /// For display and as a label value: `Succeeded`.
    package var name: String {
        switch self {
        case .timeout: "Timeout"
        case .poisoned: "Poisoned"
        case .succeeded: "Succeeded"
        case .failed: "Failed"
        case .quarantined: "Quarantined"
        case .rejected: "Rejected"
        }
    }

    /// The exit status of `agent invoke` for this result type.
    package var exitStatus: Int32 {
        switch self {
        case .succeeded: 0
        case .timeout, .failed, .poisoned: 1
        case .rejected, .quarantined: 2
        }
    }
}
