/// The families of `/probe`, in the order of their names: blackbox_exporter's, and the few of our own.
enum ProbeFamily: String, CaseIterable {
    case certificateKeySize = "probe_certificate_key_size"
    case certificateNotAfterTimestampSeconds = "probe_certificate_not_after_timestamp_seconds"
    case dnsAdditionalRrs = "probe_dns_additional_rrs"
    case dnsAnswerRrs = "probe_dns_answer_rrs"
    case dnsAuthorityRrs = "probe_dns_authority_rrs"
    case dnsDurationSeconds = "probe_dns_duration_seconds"
    case dnsLookupTimeSeconds = "probe_dns_lookup_time_seconds"
    case dnsQuerySucceeded = "probe_dns_query_succeeded"
    case dnsSerial = "probe_dns_serial"
    case durationSeconds = "probe_duration_seconds"
    case expectInfo = "probe_expect_info"
    case failedDueToBytes = "probe_failed_due_to_bytes"
    case failedDueToRegex = "probe_failed_due_to_regex"
    case grpcDurationSeconds = "probe_grpc_duration_seconds"
    case grpcHealthcheckResponse = "probe_grpc_healthcheck_response"
    case grpcSsl = "probe_grpc_ssl"
    case grpcStatusCode = "probe_grpc_status_code"
    case httpContentLength = "probe_http_content_length"
    case httpDurationSeconds = "probe_http_duration_seconds"
    case httpLastModifiedTimestampSeconds = "probe_http_last_modified_timestamp_seconds"
    case httpRedirects = "probe_http_redirects"
    case httpSsl = "probe_http_ssl"
    case httpStatusCode = "probe_http_status_code"
    case httpUncompressedBodyLength = "probe_http_uncompressed_body_length"
    case httpVersion = "probe_http_version"
    case icmpDurationSeconds = "probe_icmp_duration_seconds"
    case icmpReplyHopLimit = "probe_icmp_reply_hop_limit"
    case ipAddrHash = "probe_ip_addr_hash"
    case ipProtocol = "probe_ip_protocol"
    case reasonInfo = "probe_reason_info"
    case resultType = "probe_result_type"
    case sslEarliestCertExpiry = "probe_ssl_earliest_cert_expiry"
    case sslLastChainExpiryTimestampSeconds = "probe_ssl_last_chain_expiry_timestamp_seconds"
    case sslLastChainInfo = "probe_ssl_last_chain_info"
    case stageDurationSeconds = "probe_stage_duration_seconds"
    case success = "probe_success"
    case timeoutSeconds = "probe_timeout_seconds"
    case tlsCipherInfo = "probe_tls_cipher_info"
    case tlsVersionInfo = "probe_tls_version_info"
    case websocketConnectionUpgraded = "probe_websocket_connection_upgraded"
    case websocketDurationSeconds = "probe_websocket_duration_seconds"
    case websocketFailedDueToRegex = "probe_websocket_failed_due_to_regex"
    case websocketStatusCode = "probe_websocket_status_code"

    /// `# HELP` and `# TYPE`, as they are written.
    var header: [UInt8] { Self.headers[index] }

    /// The place in the order.
    var index: Int { Self.indices[self] ?? 0 }

    private static let indices = Dictionary(uniqueKeysWithValues: zip(allCases, 0...))
    private static let headers = allCases.map { family in
        var text = MetricText()
        text.header(family.rawValue, type: "gauge", help: family.help, format: .text)
        return text.bytes
    }

    private var help: String {
        switch self {
        case .certificateKeySize: "Size of the key of each certificate presented, in binary digits."
        case .certificateNotAfterTimestampSeconds: "End of each certificate presented."
        case .dnsAdditionalRrs: "Records of the additional section."
        case .dnsAnswerRrs: "Records of the answer section."
        case .dnsAuthorityRrs: "Records of the authority section."
        case .dnsDurationSeconds: "Duration of each phase of the question."
        case .dnsLookupTimeSeconds: "How long the look-up of the target's name took."
        case .dnsQuerySucceeded: "Whether the question was answered, whatever the answer."
        case .dnsSerial: "Serial number of the zone."
        case .durationSeconds: "How long the whole run took."
        case .expectInfo: "What the expected line says."
        case .failedDueToBytes: "Whether other bytes came than expected."
        case .failedDueToRegex: "Whether the answer was refused for what it says."
        case .grpcDurationSeconds: "Duration of each phase of the health check."
        case .grpcHealthcheckResponse: "What the service says of itself."
        case .grpcSsl: "Whether the check went over TLS."
        case .grpcStatusCode: "Status of the call; 0 is OK."
        case .httpContentLength: "Length the answer announced; -1 where it did not."
        case .httpDurationSeconds: "Duration of each phase of the HTTP exchange, summed over redirects."
        case .httpLastModifiedTimestampSeconds: "The answer's Last-Modified header."
        case .httpRedirects: "How many redirects were met."
        case .httpSsl: "Whether the last request went over TLS."
        case .httpStatusCode: "Status of the answer; 0 where none came."
        case .httpUncompressedBodyLength: "Bytes of the body that were read, decompressed."
        case .httpVersion: "Version of HTTP the answer is in; 0 where none came."
        case .icmpDurationSeconds: "Duration of each phase of the echo."
        case .icmpReplyHopLimit: "Hop limit of the reply (TTL in IPv4)."
        case .ipAddrHash: "FNV-1a of the address dialled: it changes when the address does."
        case .ipProtocol: "4 or 6, the family of the address dialled; 0 where the name did not resolve."
        case .reasonInfo: "Why the run was no plain success."
        case .resultType: "1 Timeout, 2 Poisoned, 3 Succeeded, 4 Failed, 6 Rejected."
        case .sslEarliestCertExpiry: "Earliest end of the certificates presented, also when they did not verify."
        case .sslLastChainExpiryTimestampSeconds: "Latest end, over all verified chains, of the earliest in each."
        case .sslLastChainInfo: "What the peer's own certificate says."
        case .stageDurationSeconds: "Duration of each stage."
        case .success: "1 if the probe succeeded, 0 if not."
        case .timeoutSeconds: "How long the run might have taken."
        case .tlsCipherInfo: "The cipher of the TLS session."
        case .tlsVersionInfo: "The version of TLS spoken."
        case .websocketConnectionUpgraded: "Whether the handshake was agreed to."
        case .websocketDurationSeconds: "Duration of each phase of the conversation."
        case .websocketFailedDueToRegex: "Whether a message was refused for what it says."
        case .websocketStatusCode: "HTTP status of the handshake; 0 where none came."
        }
    }
}
