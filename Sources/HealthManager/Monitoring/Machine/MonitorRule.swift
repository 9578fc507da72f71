/// When a monitor finds something wrong. A pure rule over recent samples of one probe.
package enum MonitorRule: Sendable, Hashable {
    package enum Side: String, Sendable, Hashable { case above, below }

    /// That many runs in a row failed.
    case consecutiveFailures(Int)
    /// That many runs in a row succeeded with a warning; a failure is no warning any more.
    case consecutiveWarnings(Int)
    /// At least so many runs failed within the time.
    case failures(Int, within: Duration)
    /// Less than so many percent of the runs within the time succeeded, and there were at least so many.
    case successPercentage(below: Double, within: Duration, minimumRuns: Int)
    /// The sample value was beyond the limit that many runs in a row.
    case sampleValue(Side, Double, consecutive: Int)
    /// Less than so many percent of a certificate's lifetime are left.
    case certificateLifetime(belowPercent: Double)

    /// What the samples say.
    package enum Verdict: Sendable, Hashable {
        /// Something is wrong.
        case met
        /// All is well.
        case clear
        /// They are too few to say: whatever was so stays so.
        case open
    }

    /// How many samples the rule looks at, at most; nil where time bounds it.
    var depth: Int? {
        switch self {
        case .consecutiveFailures(let count), .consecutiveWarnings(let count), .sampleValue(_, _, let count): count
        case .certificateLifetime: 1
        case .failures, .successPercentage: nil
        }
    }

    /// How far back the rule looks; nil where a number of samples bounds it.
    var window: Duration? {
        switch self {
        case .failures(_, let window), .successPercentage(_, let window, _): window
        default: nil
        }
    }

    /// - Parameter samples: oldest first, none older than `window`, at most `depth`.
    func verdict(_ samples: some RandomAccessCollection<MonitorSample>) -> Verdict {
        switch self {
        case .consecutiveFailures(let count): inARow(count, samples) { $0.verdict == .failed }
        case .consecutiveWarnings(let count): inARow(count, samples) { $0.verdict == .warned }
        case .sampleValue(let side, let limit, let count):
            inARow(count, samples.filter { $0.sampleValue != nil }) { sample in
                guard let value = sample.sampleValue else { return false }
                return side == .above ? value > limit : value < limit
            }
        case .failures(let count, _):
            samples.isEmpty ? .open : samples.count { $0.verdict == .failed } >= count ? .met : .clear
        case .successPercentage(let percentage, _, let minimumRuns):
            samples.count < minimumRuns
                ? .open
                : Double(samples.count { $0.verdict != .failed }) * 100 / Double(samples.count) < percentage ? .met : .clear
        case .certificateLifetime(let percent):
            inARow(1, samples.filter { $0.lifetimePercent != nil }) { $0.lifetimePercent.map { $0 < percent } ?? false }
        }
    }

    /// What an alert of the rule says of a run; nil where the run adds nothing to what was said before.
    ///
    /// A probe may succeed while the rule is met.
    func finding(_ result: ProbeResult) -> Finding? {
        guard case .certificateLifetime(let percent) = self else { return result.decisive }
        return result.shortestLifetime.flatMap { $0.percentLeft < percent ? $0.finding(result, belowPercent: percent) : nil }
    }

    /// The rule's own words of a run that it was met by and that found nothing.
    func sentence(_ result: ProbeResult) -> String {
        guard case .sampleValue(let side, let limit, _) = self, let value = result.outcome.sampleValue else { return description }
        return "the value is \(value), \(side.rawValue) \(limit)"
    }

    private func inARow(
        _ count: Int, _ samples: some RandomAccessCollection<MonitorSample>, _ isBad: (MonitorSample) -> Bool
    ) -> Verdict {
        let last = samples.suffix(count)
        if last.contains(where: { !isBad($0) }) { return .clear }
        return last.count == count ? .met : .open
    }
}

extension MonitorRule: CustomStringConvertible {
    /// In words: `3 failures in a row`.
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
