/// The metric families of scheduled probes, in the order they are written.
enum MetricFamily: Int, CaseIterable {
    case success, judged, interval, duration, resultType, reason, sampleValue, lastRun, lastSuccess, runs, stageDuration, httpDuration
    case earliestExpiry, peerNotAfter, peerKeySize, monitorState
    case oauthNotAfter, oauthNotBefore, oauthKeySize, oauthLastSeen, drift, metadataReachable

    /// Whether several probes may report the same series; each series is then written once.
    var isShared: Bool { rawValue >= Self.ownCount }

    /// The number of families that are not shared; they precede the shared ones.
    static let ownCount = Self.oauthNotAfter.rawValue

    var isCounter: Bool { self == .runs }

    var name: String { text.name }
    var help: String { text.help }

    private var text: (name: String, help: String) {
        switch self {
        case .success: ("health_probe_success", "1 if the last run succeeded, 0 if not; absent if it reached no verdict.")
        case .judged: ("health_probe_judged", "1 if the last run reached a verdict, 0 if it could not run or could not judge.")
        case .interval: ("health_probe_interval_seconds", "Configured interval between runs.")
        case .duration: ("health_probe_duration_seconds", "Duration of the last run.")
        case .resultType:
            ("health_probe_result_type", "Result of the last run: 1 Timeout, 2 Poisoned, 3 Succeeded, 4 Failed, 5 Quarantined, 6 Rejected.")
        case .reason: ("health_probe_reason_info", "Reason why the last run failed, warned or could not judge.")
        case .sampleValue: ("health_probe_sample_value", "Value measured by the last run; its meaning depends on the probe.")
        case .lastRun: ("health_probe_last_run_timestamp_seconds", "Time the last run ended.")
        case .lastSuccess: ("health_probe_last_success_timestamp_seconds", "Time the last successful run ended.")
        case .runs: ("health_probe_runs_total", "Number of runs by result type.")
        case .stageDuration: ("health_probe_stage_duration_seconds", "Duration of each stage of the last run.")
        case .httpDuration: ("health_probe_http_duration_seconds", "Duration of the HTTP request by phase, summed over redirects.")
        case .earliestExpiry:
            (
                "health_probe_earliest_certificate_expiry_timestamp_seconds",
                "Earliest notAfter in the certificate chain presented by the peer, even if it failed verification."
            )
        case .peerNotAfter:
            (
                "health_probe_certificate_not_after_timestamp_seconds",
                "notAfter of each certificate presented by the peer, even if it failed verification."
            )
        case .peerKeySize:
            ("health_probe_certificate_key_size", "Key size of each certificate presented by the peer, in bits.")
        case .monitorState:
            ("health_monitor_state", "State of the monitor: 0 Healthy, 1 Degraded, 2 Unhealthy, 3 Repairing, 4 Disabled, 5 Unknown.")
        case .oauthNotAfter: ("oauth_certificate_not_after_timestamp_seconds", "notAfter of each copy of the OAuth certificate.")
        case .oauthNotBefore: ("oauth_certificate_not_before_timestamp_seconds", "notBefore of each copy of the OAuth certificate.")
        case .oauthKeySize: ("oauth_certificate_key_size", "Key size of each copy of the OAuth certificate, in bits.")
        case .oauthLastSeen: ("oauth_certificate_last_seen_timestamp_seconds", "Time each copy of the OAuth certificate was last seen.")
        case .drift:
            ("oauth_certificate_drift", "0 if the source has the expected certificate, 1 if another, 2 if another and settling.")
        case .metadataReachable: ("oauth_metadata_reachable", "1 if the auth metadata document could be read, 0 if not.")
        }
    }
}
