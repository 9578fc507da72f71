import Probing

/// Evaluation of a rule over recent samples. Pure.
extension MonitorRule {
    /// The result of the evaluation.
    package enum Verdict: Sendable, Hashable {
        /// The rule matches: there is a problem.
        case met
        /// The rule does not match.
        case clear
        /// Too few samples: the state does not change.
        case open
    }

    /// - Parameter samples: oldest first, none older than `window`, at most `depth` samples.
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

    /// The finding that an alert of this rule reports for a run; nil if the run has none that matters to the rule.
    ///
    /// A probe can succeed while the rule matches.
    func finding(_ result: ProbeResult) -> Finding? {
        guard case .certificateLifetime(let percent) = self else { return result.decisive }
        return result.shortestLifetime.flatMap { $0.percentLeft < percent ? $0.finding(result, belowPercent: percent) : nil }
    }

    /// The sentence for a run without a finding for which the rule matches.
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
