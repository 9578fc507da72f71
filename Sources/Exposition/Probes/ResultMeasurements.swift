import Certificates
import FoundationEssentials
import Probing

/// The metrics that no kind measures itself: of every result.
extension MetricDefinition {
    static let success = MetricDefinition("probe_success", "1 if the run succeeded, 0 if not.", .both)
    private static let duration = MetricDefinition("probe_duration_seconds", "Duration of the run.", .both)
    private static let resultType = MetricDefinition(
        "probe_result_type", "Result of the run: 1 Timeout, 2 Poisoned, 3 Succeeded, 4 Failed, 5 Quarantined, 6 Rejected.", .both)
    private static let reason = MetricDefinition("probe_reason_info", "Reason why the run failed, warned or could not judge.", .both)
    private static let stageDuration = MetricDefinition("probe_stage_duration_seconds", "Duration of each stage of the run.", .both)

    /// Appends samples of the metrics above except `success`, whose meaning differs between `/probe` and `/metrics`, and of what the run observed.
    static func measure(_ result: ProbeResult, into all: inout [Measurement]) {
        all.append(duration(result.duration))
        all.append(resultType(result.type.rawValue))
        if let finding = result.decisive {
            let labels = [("stage", finding.stage.rawValue), ("reason", finding.reason.rawValue), ("severity", finding.severity.rawValue)]
            all.append(reason(1, labels))
        }
        for stage in result.outcome.stages where stage.verdict != .notRun {
            all.append(stageDuration(stage.duration, [("stage", stage.stage.rawValue)]))
        }
        for observation in result.outcome.observations { all += observation.measurements }
    }
}

extension Outcome {
    /// The certificates that the peer presented, with their positions; 0 is the leaf.
    var peerCertificates: [(depth: Int, facts: CertificateFacts)] {
        observations.compactMap { if case .peerCertificate(_, let depth, _, let facts) = $0 { (depth, facts) } else { nil } }
    }

    /// The earliest notAfter of the certificates that the peer presented; nil if there are none.
    var earliestExpiry: Date? { peerCertificates.map(\.facts.notAfter).min() }
}
