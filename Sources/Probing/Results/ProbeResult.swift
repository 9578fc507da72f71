package import FoundationEssentials

/// The result of one completed run. A class, because cache, snapshots and observers share it.
package final class ProbeResult: Sendable {
    package let key: ProbeKey
    package let kind: String
    package let requestID: RequestID
    package let start: Date
    package let end: Date
    /// Measured with the monotonic clock, so it is not affected by changes of the wall clock.
    package let duration: Duration
    package let type: ResultType
    package let outcome: Outcome
    /// How many retries preceded this outcome.
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

    /// The finding that decides the result; nil for a success without warnings.
    package var decisive: Finding? { outcome.decisive }

    /// Whether the run Succeeded with a warning.
    package var isWarning: Bool { type == .succeeded && decisive?.severity == .warning }

    /// The form kept in the cache: without the DER bytes of peer certificates, the facts for `/probe` and spare array capacity.
    package var slim: ProbeResult {
        var slim = outcome
        slim.stages = outcome.stages.map(\.self)
        slim.observations = outcome.observations.map(\.slim)
        slim.facts = []
        return ProbeResult(
            key: key, kind: kind, requestID: requestID, start: start, end: end, duration: duration, type: type, outcome: slim,
            retryCount: retryCount)
    }

    /// The OAuth certificates among the observations.
    package var certificates: [OAuthCertificate] {
        outcome.observations.compactMap { if case .oauthCertificate(let certificate) = $0 { certificate } else { nil } }
    }
}
