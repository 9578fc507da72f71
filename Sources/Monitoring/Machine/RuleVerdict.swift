import Probing

/// How far a problem is from being one for a monitor.
package struct RuleProgress: Sendable, Hashable {
    /// How many of the latest runs count towards the rule.
    package let runs: Int
    /// How many it takes; nil for a rule that takes a share of the runs.
    package let needed: Int?
    /// `TimeSource.elapsed` of the first of them.
    package let since: Duration
}

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

    /// - Parameter samples: as for `verdict`.
    /// - Returns: nil if the latest run does not count towards the rule, and for a rule that looks at a certificate instead of runs.
    func progress(_ samples: some RandomAccessCollection<MonitorSample>) -> RuleProgress? {
        func inARow(
            _ needed: Int, among samples: some BidirectionalCollection<MonitorSample>, _ isBad: (MonitorSample) -> Bool
        ) -> RuleProgress? {
            let bad = samples.reversed().prefix { isBad($0) }
            return bad.last.map { RuleProgress(runs: bad.count, needed: needed, since: $0.at) }
        }
        func failures(_ needed: Int?) -> RuleProgress? {
            guard samples.last?.verdict == .failed, let first = samples.first(where: { $0.verdict == .failed }) else { return nil }
            return RuleProgress(runs: samples.count { $0.verdict == .failed }, needed: needed, since: first.at)
        }
        switch self {
        case .consecutiveFailures(let count): return inARow(count, among: samples) { $0.verdict == .failed }
        case .consecutiveWarnings(let count): return inARow(count, among: samples) { $0.verdict == .warned }
        case .sampleValue(let side, let limit, let count):
            return inARow(count, among: samples.filter { $0.sampleValue != nil }) { sample in
                sample.sampleValue.map { side == .above ? $0 > limit : $0 < limit } ?? false
            }
        case .failures(let count, _): return failures(count)
        case .successPercentage: return failures(nil)
        case .certificateLifetime: return nil
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
