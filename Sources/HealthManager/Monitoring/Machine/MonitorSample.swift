import Certificates
import FoundationEssentials

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
        lifetimePercent = result.outcome.observations.compactMap { Self.percentLeft($0, at: result.end) }.min()
    }

    /// Of the OAuth certificate's current and next copies, and of what a peer presented.
    private static func percentLeft(_ observation: Observation, at date: Date) -> Double? {
        switch observation {
        case .oauthCertificate(let copy) where [.current, .next].contains(copy.slot): copy.facts.percentLeft(at: date)
        case .peerCertificate(_, _, let facts): facts.percentLeft(at: date)
        default: nil
        }
    }
}

extension CertificateFacts {
    /// How much of its lifetime is left, in percent; negative after its end.
    fileprivate func percentLeft(at date: Date) -> Double {
        let lifetime = notAfter.timeIntervalSince(notBefore)
        return lifetime > 0 ? notAfter.timeIntervalSince(date) * 100 / lifetime : 0
    }
}
