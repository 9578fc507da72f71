package import Probing

/// The part of a run's result that monitors evaluate. A run that could not be made or judged yields no sample and never changes a state.
package struct MonitorSample: Sendable, Hashable {
    /// `warned` is a success with a warning.
    package enum Verdict: Sendable, Hashable { case succeeded, warned, failed }

    /// `TimeSource.elapsed` when the result was recorded.
    package var at: Duration
    package var verdict: Verdict
    package var sampleValue: Double?
    /// The smallest percentage of its lifetime that any judged certificate has left; negative after expiry.
    package var lifetimePercent: Double?

    package init(at elapsed: Duration, _ verdict: Verdict, sampleValue: Double? = nil, lifetimePercent: Double? = nil) {
        at = elapsed
        self.verdict = verdict
        self.sampleValue = sampleValue
        self.lifetimePercent = lifetimePercent
    }

    /// - Returns: nil if the run could not judge.
    package init?(_ result: ProbeResult, at elapsed: Duration) {
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
