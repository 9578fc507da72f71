/// The families of series that probes have, in the order they are written.
enum MetricFamily: Int, CaseIterable {
    case success, judged, interval, duration, resultType, reason, sampleValue, lastRun, lastSuccess, runs, stageDuration, httpDuration
    case earliestExpiry, peerNotAfter, peerKeySize, monitorState
    case oauthNotAfter, oauthNotBefore, oauthKeySize, oauthLastSeen, drift, metadataReachable

    /// Series of these may be told by several probes; each is written once.
    var isShared: Bool { rawValue >= Self.ownCount }

    /// How many families are each probe's own; the shared ones follow.
    static let ownCount = Self.oauthNotAfter.rawValue

    var isCounter: Bool { self == .runs }

    var name: String { text.name }
    var help: String { text.help }

    private var text: (name: String, help: String) {
        switch self {
        case .success: ("health_probe_success", "1 if the last run succeeded, 0 if not; absent where it could not judge.")
        case .judged: ("health_probe_judged", "0 where the last run could not be made or could not judge.")
        case .interval: ("health_probe_interval_seconds", "Interval the probe is scheduled at.")
        case .duration: ("health_probe_duration_seconds", "Duration of the last run.")
        case .resultType: ("health_probe_result_type", "1 Timeout, 2 Poisoned, 3 Succeeded, 4 Failed, 5 Quarantined, 6 Rejected.")
        case .reason: ("health_probe_reason_info", "Why the last run was no plain success.")
        case .sampleValue: ("health_probe_sample_value", "The number the probe is about.")
        case .lastRun: ("health_probe_last_run_timestamp_seconds", "When the last run ended.")
        case .lastSuccess: ("health_probe_last_success_timestamp_seconds", "When the last run that succeeded ended.")
        case .runs: ("health_probe_runs_total", "Runs by the type of their result.")
        case .stageDuration: ("health_probe_stage_duration_seconds", "Duration of each stage of the last run.")
        case .httpDuration: ("health_probe_http_duration_seconds", "Duration of each phase of the HTTP exchange, summed over redirects.")
        case .earliestExpiry:
            (
                "health_probe_earliest_certificate_expiry_timestamp_seconds",
                "Earliest end of the chain the peer presented, also when it did not verify."
            )
        case .peerNotAfter:
            (
                "health_probe_certificate_not_after_timestamp_seconds",
                "End of each certificate the peer presented, also when it did not verify."
            )
        case .peerKeySize:
            ("health_probe_certificate_key_size", "Size of the key of each certificate the peer presented, in binary digits.")
        case .monitorState: ("health_monitor_state", "0 Healthy, 1 Degraded, 2 Unhealthy, 3 Repairing, 4 Disabled, 5 Unknown.")
        case .oauthNotAfter: ("oauth_certificate_not_after_timestamp_seconds", "End of each copy of the OAuth certificate.")
        case .oauthNotBefore: ("oauth_certificate_not_before_timestamp_seconds", "Begin of each copy of the OAuth certificate.")
        case .oauthKeySize: ("oauth_certificate_key_size", "Size of the key of each copy, in binary digits.")
        case .oauthLastSeen: ("oauth_certificate_last_seen_timestamp_seconds", "When each copy was last seen.")
        case .drift: ("oauth_certificate_drift", "0 the agreed certificate, 1 another, 2 another within the settling time.")
        case .metadataReachable: ("oauth_metadata_reachable", "1 if the auth metadata document could be read, 0 if not.")
        }
    }
}
