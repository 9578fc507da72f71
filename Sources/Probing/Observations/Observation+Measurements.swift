import Certificates

/// The metrics of typed observations. A kind that records such observations declares them in its guide.
extension MetricDefinition {
    package static let httpDuration = MetricDefinition(
        "probe_http_duration_seconds", "Duration of the HTTP request by phase, summed over redirects.", .both)
    package static let credentialNotAfter = MetricDefinition(
        "agent_credential_not_after_timestamp_seconds", "notAfter of the agent's own certificate in the tenant.", .shared)
    /// Where a definition has thresholds of its own.
    package static let threshold = MetricDefinition(
        "health_probe_threshold_seconds",
        "Remaining time below which the probe warns or fails, if its definition says so; otherwise health_agent_threshold_seconds.",
        .scheduled)
    /// Of each certificate that a peer presented.
    package static let peerCertificate = [certificateNotAfter, certificateNotBefore, certificateKeySize]
    /// Of each certificate in a file.
    package static let fileCertificate = [fileNotAfter, fileNotBefore, fileKeySize]
    /// Of each copy of the OAuth certificate.
    package static let oauthCertificate = [oauthNotAfter, oauthNotBefore, oauthKeySize, oauthLastSeen]

    fileprivate static let certificateNotAfter = MetricDefinition(
        "probe_certificate_not_after_timestamp_seconds",
        "notAfter of each certificate presented by the peer, even if it failed verification.", .both)
    fileprivate static let certificateNotBefore = MetricDefinition(
        "probe_certificate_not_before_timestamp_seconds",
        "notBefore of the peer's own certificate, and of the issuers in the verified chain; other certificates have none.", .both)
    fileprivate static let certificateKeySize = MetricDefinition(
        "probe_certificate_key_size", "Key size of each certificate presented by the peer, in bits.", .both)
    fileprivate static let fileNotAfter = MetricDefinition(
        "probe_file_certificate_not_after_timestamp_seconds", "notAfter of each certificate in a file.", .both)
    fileprivate static let fileNotBefore = MetricDefinition(
        "probe_file_certificate_not_before_timestamp_seconds", "notBefore of each certificate in a file.", .both)
    fileprivate static let fileKeySize = MetricDefinition(
        "probe_file_certificate_key_size", "Key size of each certificate in a file, in bits.", .both)
    fileprivate static let oauthNotAfter = MetricDefinition(
        "oauth_certificate_not_after_timestamp_seconds", "notAfter of each copy of the OAuth certificate.", .shared)
    fileprivate static let oauthNotBefore = MetricDefinition(
        "oauth_certificate_not_before_timestamp_seconds", "notBefore of each copy of the OAuth certificate.", .shared)
    fileprivate static let oauthKeySize = MetricDefinition(
        "oauth_certificate_key_size", "Key size of each copy of the OAuth certificate, in bits.", .shared)
    fileprivate static let oauthLastSeen = MetricDefinition(
        "oauth_certificate_last_seen_timestamp_seconds", "Time each copy of the OAuth certificate was last seen.", .shared)
}

extension Observation {
    /// Of a long chain, only the first certificates are exposed.
    private static let maximumDepth = 10
    /// Of text that others have written, in characters.
    private static let longestLabel = 200

    /// The thresholds that a definition has of its own; nil for those it does not set.
    package static func thresholds(warn: Duration?, fail: Duration?) -> [Observation] {
        [("warn", warn), ("fail", fail)].compactMap { name, limit in
            limit.map { .measurement(MetricDefinition.threshold($0, [("threshold", name)])) }
        }
    }

    /// Samples of the metrics above; of a measurement, itself.
    package var measurements: [Measurement] {
        switch self {
        case .httpPhases(let phases):
            return HTTPPhase.allCases.compactMap { phase in
                phases[phase].map { MetricDefinition.httpDuration($0, [("phase", phase.rawValue)]) }
            }
        case .peerCertificate(let stage, let depth, let isVerified, let facts):
            guard depth < Self.maximumDepth else { return [] }
            let labels = [("stage", stage.rawValue), ("depth", String(depth)), ("fingerprint_sha256", facts.fingerprintSHA256)]
            let judged = depth == 0 || isVerified ? [MetricDefinition.certificateNotBefore(facts.notBefore, labels)] : []
            return [
                MetricDefinition.certificateNotAfter(facts.notAfter, labels),
                MetricDefinition.certificateKeySize(Double(facts.keyBits), labels),
            ] + judged
        case .oauthCertificate(let copy):
            let labels = [
                ("server", copy.server), ("source", copy.source.rawValue), ("slot", copy.slot.rawValue),
                ("thumbprint", copy.facts.thumbprint.description),
            ]
            return [
                MetricDefinition.oauthNotAfter(copy.facts.notAfter, labels), MetricDefinition.oauthNotBefore(copy.facts.notBefore, labels),
                MetricDefinition.oauthKeySize(Double(copy.facts.keyBits), labels), MetricDefinition.oauthLastSeen(copy.lastSeen, labels),
            ]
        case .fileCertificate(let file):
            let labels = [
                ("file", file.path), ("part", file.part),
                ("subject_cn", file.facts.commonName.shortened(to: Self.longestLabel)),
                ("fingerprint_sha256", file.facts.fingerprintSHA256),
            ]
            return [
                MetricDefinition.fileNotAfter(file.facts.notAfter, labels), MetricDefinition.fileNotBefore(file.facts.notBefore, labels),
                MetricDefinition.fileKeySize(Double(file.facts.keyBits), labels),
            ]
        case .credential(let facts):
            return [MetricDefinition.credentialNotAfter(facts.notAfter, [("thumbprint", facts.thumbprint.description)])]
        case .measurement(let measurement): return [measurement]
        }
    }
}
