import Probing

/// The metrics of `/probe` that no kind measures itself: of every run, and of the certificates that a peer presented.
extension MetricDefinition {
    static let certificateKeySize = MetricDefinition(
        "probe_certificate_key_size", "Key size of each certificate presented by the peer, in bits.")
    static let certificateNotAfterTimestampSeconds = MetricDefinition(
        "probe_certificate_not_after_timestamp_seconds", "notAfter of each certificate presented by the peer.")
    static let durationSeconds = MetricDefinition("probe_duration_seconds", "Duration of the probe.")
    static let reasonInfo = MetricDefinition("probe_reason_info", "Reason why the probe failed, warned or could not judge.")
    static let resultType = MetricDefinition("probe_result_type", "Result: 1 Timeout, 2 Poisoned, 3 Succeeded, 4 Failed, 6 Rejected.")
    static let sslEarliestCertExpiry = MetricDefinition(
        "probe_ssl_earliest_cert_expiry", "Earliest notAfter of the certificates presented by the peer, even if verification failed.")
    static let sslLastChainInfo = MetricDefinition("probe_ssl_last_chain_info", "Properties of the peer's certificate.")
    static let stageDurationSeconds = MetricDefinition("probe_stage_duration_seconds", "Duration of each stage.")
    static let success = MetricDefinition("probe_success", "1 if the probe succeeded, 0 if not.")
    static let timeoutSeconds = MetricDefinition("probe_timeout_seconds", "Timeout of the probe.")
}
