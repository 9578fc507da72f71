import Certificates
package import FoundationEssentials

/// One finished run: which probe, when, how long, and all that it found. Immutable.
package struct ProbeResult: Sendable {
    package let key: ProbeKey
    package let kind: String
    package let requestID: RequestID
    package let start: Date
    package let end: Date
    /// Measured on the monotonic clock: a wall clock that jumps leaves it right.
    package let duration: Duration
    package let type: ResultType
    package private(set) var outcome: Outcome
    /// How many times the run was repeated within its deadline before this outcome.
    package let retryCount: Int

    package init(
        key: ProbeKey, kind: String, requestID: RequestID = .next(), start: Date, end: Date, duration: Duration, type: ResultType,
        outcome: Outcome, retryCount: Int = 0
    ) {
        self.key = key
        self.kind = kind
        self.requestID = requestID
        self.start = start
        self.end = end
        self.duration = duration
        self.type = type
        self.outcome = outcome
        self.retryCount = retryCount
    }

    /// What decided the result; nil for a plain success.
    package var decisive: Finding? { outcome.decisive }

    /// Succeeded, with something to attend to.
    package var isWarning: Bool { type == .succeeded && decisive?.severity == .warning }

    /// As the cache keeps it, without what nobody reads there: the bytes of what peers presented, what only who asked for the run is told,
    /// and room to grow.
    package var slim: ProbeResult {
        var slim = self
        slim.outcome.stages = outcome.stages.map(\.self)
        slim.outcome.observations = Array(outcome.observations.lazy.filter { !$0.isForWhoAsked }.map(\.slim))
        return slim
    }

    /// The certificates seen, as the probe's kind reported them.
    package var certificates: [OAuthCertificate] {
        outcome.observations.compactMap { if case .oauthCertificate(let certificate) = $0 { certificate } else { nil } }
    }
}

extension Outcome {
    /// The type a finished run has by its findings alone.
    package var resultType: ResultType {
        guard let decisive else { return .succeeded }
        switch decisive.severity {
        case .warning: return .succeeded
        case .unknown: return .rejected
        case .failure: return [.timeout, .connectTimeout].contains(decisive.reason) ? .timeout : .failed
        }
    }
}
