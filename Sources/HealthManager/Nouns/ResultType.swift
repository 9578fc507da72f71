/// How a run ended, with Exchange's own names and numbers.
package enum ResultType: Int, Sendable, Hashable, CaseIterable {
    /// Over its deadline.
    case timeout = 1
    /// Did not stop when it was cancelled.
    case poisoned = 2
    case succeeded = 3
    /// The watched thing is at fault.
    case failed = 4
    /// Not run any more after three poisoned runs, until restart.
    case quarantined = 5
    /// Could not be run, or could not judge.
    case rejected = 6

    /// As printed and as a label: `Succeeded`.
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

    /// What `agent invoke` ends with for such a result.
    package var exitStatus: Int32 {
        switch self {
        case .succeeded: 0
        case .timeout, .failed, .poisoned: 1
        case .rejected, .quarantined: 2
        }
    }
}
