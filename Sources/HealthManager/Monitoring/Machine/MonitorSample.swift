/// What monitors see of one run. A run that could not be made or could not judge gives none: it never changes a state.
package struct MonitorSample: Sendable, Hashable {
    package enum Verdict: Sendable, Hashable { case succeeded, warned, failed }

    /// `TimeSource.elapsed` when the result came.
    package var at: Duration
    package var verdict: Verdict
    package var sampleValue: Double?
    /// The least share of a lifetime that a judged certificate has left, in percent; negative after its end.
    package var lifetimePercent: Double?

    package init(at elapsed: Duration, _ verdict: Verdict, sampleValue: Double? = nil, lifetimePercent: Double? = nil) {
        at = elapsed
        self.verdict = verdict
        self.sampleValue = sampleValue
        self.lifetimePercent = lifetimePercent
    }

    /// - Returns: nil where the run could not judge.
    init?(_ result: ProbeResult, at elapsed: Duration) {
        switch result.type {
        case .succeeded: verdict = result.isWarning ? .warned : .succeeded
        case .failed, .timeout: verdict = .failed
        case .poisoned, .quarantined, .rejected: return nil
        }
        at = elapsed
        sampleValue = result.outcome.sampleValue
        lifetimePercent = result.shortestLifetime?.percentLeft
    }
}
