/// The condition under which a monitor detects a problem: a pure function of recent samples of one probe.
package enum MonitorRule: Sendable, Hashable {
    /// On which side of a threshold a value is a problem.
    package enum Side: String, Sendable, Hashable { case above, below }

    /// The last N runs all failed.
    case consecutiveFailures(Int)
    /// The last N runs all succeeded with a warning; a failed run does not count as a warning.
    case consecutiveWarnings(Int)
    /// At least N runs failed within the window.
    case failures(Int, within: Duration)
    /// Less than this percentage of the runs within the window succeeded, and there were at least `minimumRuns` runs.
    case successPercentage(below: Double, within: Duration, minimumRuns: Int)
    /// The sample value was above or below the limit in the last `consecutive` runs.
    case sampleValue(Side, Double, consecutive: Int)
    /// Less than this percentage of a certificate's lifetime is left.
    case certificateLifetime(belowPercent: Double)

    /// The maximum number of samples the rule examines; nil if it is bounded by time instead.
    package var depth: Int? {
        switch self {
        case .consecutiveFailures(let count), .consecutiveWarnings(let count), .sampleValue(_, _, let count): count
        case .certificateLifetime: 1
        case .failures, .successPercentage: nil
        }
    }

    /// How far back the rule examines samples; nil if it is bounded by a number of samples instead.
    package var window: Duration? {
        switch self {
        case .failures(_, let window), .successPercentage(_, let window, _): window
        default: nil
        }
    }
}

extension MonitorRule: CustomStringConvertible {
    /// For display: `3 failures in a row`.
    package var description: String {
        switch self {
        case .consecutiveFailures(let count): count == 1 ? "a failure" : "\(count) failures in a row"
        case .consecutiveWarnings(let count): count == 1 ? "a warning" : "\(count) warnings in a row"
        case .failures(let count, let window): "\(count) failures within \(DurationText.format(window))"
        case .successPercentage(let percentage, let window, _):
            "less than \(percentage) % success within \(DurationText.format(window))"
        case .sampleValue(let side, let limit, let count):
            "the value \(side.rawValue) \(limit)" + (count == 1 ? "" : ", \(count) times in a row")
        case .certificateLifetime(let percent): "less than \(percent) % of a certificate's lifetime left"
        }
    }
}
