/// The families of `/probe`, in the order of their names: blackbox_exporter's, and the few of our own.
enum ProbeFamily: Int, CaseIterable {
    case certificateKeySize, certificateNotAfterTimestampSeconds, dnsAdditionalRrs, dnsAnswerRrs, dnsAuthorityRrs
    case dnsDurationSeconds, dnsLookupTimeSeconds, dnsQuerySucceeded, dnsSerial, durationSeconds, expectInfo
    case failedDueToBytes, failedDueToRegex, grpcDurationSeconds, grpcHealthcheckResponse, grpcSsl, grpcStatusCode
    case httpContentLength, httpDurationSeconds, httpLastModifiedTimestampSeconds, httpRedirects, httpSsl
    case httpStatusCode, httpUncompressedBodyLength, httpVersion, icmpDurationSeconds, icmpReplyHopLimit, ipAddrHash
    case ipProtocol, reasonInfo, resultType, sslEarliestCertExpiry, sslLastChainExpiryTimestampSeconds
    case sslLastChainInfo, stageDurationSeconds, success, timeoutSeconds, tlsCipherInfo, tlsVersionInfo
    case websocketConnectionUpgraded, websocketDurationSeconds, websocketFailedDueToRegex, websocketStatusCode

    /// As it begins each of its samples.
    var name: [UInt8] { Self.names[rawValue] }
    /// `# HELP` and `# TYPE`, as they are written.
    var header: [UInt8] { Self.headers[rawValue] }

    private static let names = allCases.map { Array($0.text.name.utf8) }
    private static let headers = allCases.map { family in
        var text = MetricText()
        text.header(family.text.name, type: "gauge", help: family.text.help, format: .text)
        return text.bytes
    }

    private var text: (name: String, help: String) {
        switch self {
        case .certificateKeySize: ("probe_certificate_key_size", "Size of the key of each certificate presented, in binary digits.")
        case .certificateNotAfterTimestampSeconds: ("probe_certificate_not_after_timestamp_seconds", "End of each certificate presented.")
        case .dnsAdditionalRrs: ("probe_dns_additional_rrs", "Records of the additional section.")
        case .dnsAnswerRrs: ("probe_dns_answer_rrs", "Records of the answer section.")
        case .dnsAuthorityRrs: ("probe_dns_authority_rrs", "Records of the authority section.")
        case .dnsDurationSeconds: ("probe_dns_duration_seconds", "Duration of each phase of the question.")
        case .dnsLookupTimeSeconds: ("probe_dns_lookup_time_seconds", "How long the look-up of the target's name took.")
        case .dnsQuerySucceeded: ("probe_dns_query_succeeded", "Whether the question was answered, whatever the answer.")
        case .dnsSerial: ("probe_dns_serial", "Serial number of the zone.")
        case .durationSeconds: ("probe_duration_seconds", "How long the whole run took.")
        case .expectInfo: ("probe_expect_info", "What the expected line says.")
        case .failedDueToBytes: ("probe_failed_due_to_bytes", "Whether other bytes came than expected.")
        case .failedDueToRegex: ("probe_failed_due_to_regex", "Whether the answer was refused for what it says.")
        case .grpcDurationSeconds: ("probe_grpc_duration_seconds", "Duration of each phase of the health check.")
        case .grpcHealthcheckResponse: ("probe_grpc_healthcheck_response", "What the service says of itself.")
        case .grpcSsl: ("probe_grpc_ssl", "Whether the check went over TLS.")
        case .grpcStatusCode: ("probe_grpc_status_code", "Status of the call; 0 is OK.")
        case .httpContentLength: ("probe_http_content_length", "Length the answer announced; -1 where it did not.")
        case .httpDurationSeconds: ("probe_http_duration_seconds", "Duration of each phase of the HTTP exchange, summed over redirects.")
        case .httpLastModifiedTimestampSeconds: ("probe_http_last_modified_timestamp_seconds", "The answer's Last-Modified header.")
        case .httpRedirects: ("probe_http_redirects", "How many redirects were met.")
        case .httpSsl: ("probe_http_ssl", "Whether the last request went over TLS.")
        case .httpStatusCode: ("probe_http_status_code", "Status of the answer; 0 where none came.")
        case .httpUncompressedBodyLength: ("probe_http_uncompressed_body_length", "Bytes of the body that were read, decompressed.")
        case .httpVersion: ("probe_http_version", "Version of HTTP the answer is in; 0 where none came.")
        case .icmpDurationSeconds: ("probe_icmp_duration_seconds", "Duration of each phase of the echo.")
        case .icmpReplyHopLimit: ("probe_icmp_reply_hop_limit", "Hop limit of the reply (TTL in IPv4).")
        case .ipAddrHash: ("probe_ip_addr_hash", "FNV-1a of the address dialled: it changes when the address does.")
        case .ipProtocol: ("probe_ip_protocol", "4 or 6, the family of the address dialled; 0 where the name did not resolve.")
        case .reasonInfo: ("probe_reason_info", "Why the run was no plain success.")
        case .resultType: ("probe_result_type", "1 Timeout, 2 Poisoned, 3 Succeeded, 4 Failed, 6 Rejected.")
        case .sslEarliestCertExpiry:
            ("probe_ssl_earliest_cert_expiry", "Earliest end of the certificates presented, also when they did not verify.")
        case .sslLastChainExpiryTimestampSeconds:
            ("probe_ssl_last_chain_expiry_timestamp_seconds", "Latest end, over all verified chains, of the earliest in each.")
        case .sslLastChainInfo: ("probe_ssl_last_chain_info", "What the peer's own certificate says.")
        case .stageDurationSeconds: ("probe_stage_duration_seconds", "Duration of each stage.")
        case .success: ("probe_success", "1 if the probe succeeded, 0 if not.")
        case .timeoutSeconds: ("probe_timeout_seconds", "How long the run might have taken.")
        case .tlsCipherInfo: ("probe_tls_cipher_info", "The cipher of the TLS session.")
        case .tlsVersionInfo: ("probe_tls_version_info", "The version of TLS spoken.")
        case .websocketConnectionUpgraded: ("probe_websocket_connection_upgraded", "Whether the handshake was agreed to.")
        case .websocketDurationSeconds: ("probe_websocket_duration_seconds", "Duration of each phase of the conversation.")
        case .websocketFailedDueToRegex: ("probe_websocket_failed_due_to_regex", "Whether a message was refused for what it says.")
        case .websocketStatusCode: ("probe_websocket_status_code", "HTTP status of the handshake; 0 where none came.")
        }
    }
}
