/// The metric families of `/probe`, sorted by name: those of blackbox_exporter and the agent's additions.
enum ProbeFamily: Int, CaseIterable {
    case certificateKeySize, certificateNotAfterTimestampSeconds, dnsAdditionalRrs, dnsAnswerRrs, dnsAuthorityRrs
    case dnsDurationSeconds, dnsLookupTimeSeconds, dnsQuerySucceeded, dnsSerial, durationSeconds, expectInfo
    case failedDueToBytes, failedDueToRegex, grpcDurationSeconds, grpcHealthcheckResponse, grpcSsl, grpcStatusCode
    case httpContentLength, httpDurationSeconds, httpLastModifiedTimestampSeconds, httpRedirects, httpSsl
    case httpStatusCode, httpUncompressedBodyLength, httpVersion, icmpDurationSeconds, icmpReplyHopLimit, ipAddrHash
    case ipProtocol, reasonInfo, resultType, sslEarliestCertExpiry, sslLastChainExpiryTimestampSeconds
    case sslLastChainInfo, stageDurationSeconds, success, timeoutSeconds, tlsCipherInfo, tlsVersionInfo
    case websocketConnectionUpgraded, websocketDurationSeconds, websocketFailedDueToRegex, websocketStatusCode

    /// The metric name in UTF-8.
    var name: [UInt8] { Self.names[rawValue] }
    /// The `# HELP` and `# TYPE` lines in UTF-8.
    var header: [UInt8] { Self.headers[rawValue] }

    private static let names = allCases.map { Array($0.text.name.utf8) }
    private static let headers = allCases.map { family in
        var text = MetricText()
        text.header(family.text.name, type: "gauge", help: family.text.help, format: .text)
        return text.bytes
    }

    private var text: (name: String, help: String) {
        switch self {
        case .certificateKeySize: ("probe_certificate_key_size", "Key size of each certificate presented by the peer, in bits.")
        case .certificateNotAfterTimestampSeconds:
            ("probe_certificate_not_after_timestamp_seconds", "notAfter of each certificate presented by the peer.")
        case .dnsAdditionalRrs: ("probe_dns_additional_rrs", "Number of records in the additional section of the response.")
        case .dnsAnswerRrs: ("probe_dns_answer_rrs", "Number of records in the answer section of the response.")
        case .dnsAuthorityRrs: ("probe_dns_authority_rrs", "Number of records in the authority section of the response.")
        case .dnsDurationSeconds: ("probe_dns_duration_seconds", "Duration of the DNS query by phase.")
        case .dnsLookupTimeSeconds: ("probe_dns_lookup_time_seconds", "Time taken to resolve the name of the target.")
        case .dnsQuerySucceeded: ("probe_dns_query_succeeded", "1 if a response to the DNS query was received, whatever its content.")
        case .dnsSerial: ("probe_dns_serial", "Serial number of the zone.")
        case .durationSeconds: ("probe_duration_seconds", "Duration of the probe.")
        case .expectInfo: ("probe_expect_info", "Labels extracted from the expected line.")
        case .failedDueToBytes: ("probe_failed_due_to_bytes", "1 if the bytes received were not the expected ones.")
        case .failedDueToRegex: ("probe_failed_due_to_regex", "1 if the probe failed because of a regular expression.")
        case .grpcDurationSeconds: ("probe_grpc_duration_seconds", "Duration of the gRPC health check by phase.")
        case .grpcHealthcheckResponse: ("probe_grpc_healthcheck_response", "Serving status reported by the service.")
        case .grpcSsl: ("probe_grpc_ssl", "1 if the connection used TLS.")
        case .grpcStatusCode: ("probe_grpc_status_code", "gRPC status code of the response; 0 is OK.")
        case .httpContentLength: ("probe_http_content_length", "Value of the Content-Length header; -1 if absent.")
        case .httpDurationSeconds: ("probe_http_duration_seconds", "Duration of the HTTP request by phase, summed over redirects.")
        case .httpLastModifiedTimestampSeconds:
            ("probe_http_last_modified_timestamp_seconds", "Time in the Last-Modified header of the response.")
        case .httpRedirects: ("probe_http_redirects", "Number of redirects.")
        case .httpSsl: ("probe_http_ssl", "1 if the last request used TLS.")
        case .httpStatusCode: ("probe_http_status_code", "HTTP status code of the response; 0 if there was none.")
        case .httpUncompressedBodyLength:
            ("probe_http_uncompressed_body_length", "Length of the response body after decompression, as far as it was read.")
        case .httpVersion: ("probe_http_version", "HTTP version of the response; 0 if there was none.")
        case .icmpDurationSeconds: ("probe_icmp_duration_seconds", "Duration of the ICMP echo by phase.")
        case .icmpReplyHopLimit: ("probe_icmp_reply_hop_limit", "Hop limit of the reply (TTL in IPv4).")
        case .ipAddrHash: ("probe_ip_addr_hash", "FNV-1a hash of the target address; changes when the address changes.")
        case .ipProtocol: ("probe_ip_protocol", "IP version of the target address, 4 or 6; 0 if the name did not resolve.")
        case .reasonInfo: ("probe_reason_info", "Reason why the probe failed, warned or could not judge.")
        case .resultType: ("probe_result_type", "Result: 1 Timeout, 2 Poisoned, 3 Succeeded, 4 Failed, 6 Rejected.")
        case .sslEarliestCertExpiry:
            ("probe_ssl_earliest_cert_expiry", "Earliest notAfter of the certificates presented by the peer, even if verification failed.")
        case .sslLastChainExpiryTimestampSeconds:
            (
                "probe_ssl_last_chain_expiry_timestamp_seconds",
                "Latest expiry of the verified chains; a chain expires with its first certificate."
            )
        case .sslLastChainInfo: ("probe_ssl_last_chain_info", "Properties of the peer's certificate.")
        case .stageDurationSeconds: ("probe_stage_duration_seconds", "Duration of each stage.")
        case .success: ("probe_success", "1 if the probe succeeded, 0 if not.")
        case .timeoutSeconds: ("probe_timeout_seconds", "Timeout of the probe.")
        case .tlsCipherInfo: ("probe_tls_cipher_info", "Cipher suite of the TLS session.")
        case .tlsVersionInfo: ("probe_tls_version_info", "TLS version of the session.")
        case .websocketConnectionUpgraded: ("probe_websocket_connection_upgraded", "1 if the server accepted the WebSocket handshake.")
        case .websocketDurationSeconds: ("probe_websocket_duration_seconds", "Duration of the WebSocket probe by phase.")
        case .websocketFailedDueToRegex:
            ("probe_websocket_failed_due_to_regex", "1 if the probe failed because a message did not match the regular expression.")
        case .websocketStatusCode: ("probe_websocket_status_code", "HTTP status code of the handshake; 0 if there was no response.")
        }
    }
}
