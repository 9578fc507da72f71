import HealthManager
import Transfers

/// `http`: one request, the redirects it leads to, and what the last answer must look like.
struct HTTPKind: ProbeKind {
    let name = "http"
    let aim = KindAim.targets
    private let services: TargetServices
    private let tokens = TokenCache()

    init(_ services: TargetServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "The target is a URL of http or https; one without a scheme is of http. Its name is looked up, and one address of it is connected to.",
            "With 'oauth2', a token is fetched first, and kept until shortly before its end.",
            "The request is sent, and up to ten redirects are followed: credentials stay with the host they are for, cookies are kept, and each address is checked before it is connected to.",
            "Of the last answer are judged, in this order: its status (2xx, or 'valid_status_codes'), its headers, its body, its HTTP version, and whether it came over TLS.",
            "The peer's certificates are kept whatever the verdict on them. TLS below 1.2 is refused unless 'min_version' of 'tls_config' allows it.",
        ],
        stages: [.config, .resolve, .token, .connect, .tls, .endpoint],
        reasons: [
            .targetInvalid, .targetForbidden, .systemRefused, .credentialUnreadable, .configIncomplete, .dnsFailed, .connectRefused,
            .connectTimeout, .networkUnreachable, .connectionReset, .timeout, .proxyRefused, .proxyAuthentication, .tlsHandshakeFailed,
            .clientCertificateRequired, .renegotiationInsecure, .keyTooSmall, .signatureWeak, .certificateUnreadable,
            .certificateUntrusted, .certificateNameMismatch, .certificateExpired, .certificateNotYetValid, .certificateRevoked,
            .tokenRefused, .tokenMalformed, .endpointThrottled, .endpointUnavailable, .httpStatus, .httpRedirect, .httpTooLarge,
            .httpMalformed, .answerUnexpected,
        ],
        options: [
            .init("valid_status_codes", "statuses accepted (default 200 to 299)", settableThroughAgent: true),
            .init("valid_http_versions", "HTTP/1.0, HTTP/1.1, HTTP/2.0 (default any)", settableThroughAgent: true),
            .init("method", "GET, POST and the like (default GET)", settableThroughAgent: true),
            .init("headers", "headers to send, by name", settableThroughAgent: false),
            .init("http_headers", "headers to send: values, secrets, files, by name", settableThroughAgent: false),
            .init("body", "what to send", settableThroughAgent: true),
            .init("body_file", "file of what to send", settableThroughAgent: false),
            .init("body_size_limit", "largest body accepted, decompressed: 10MB (default 0, none)", settableThroughAgent: true),
            .init("compression", "gzip, br, deflate or identity: how the body must be encoded", settableThroughAgent: true),
            .init("follow_redirects", "at most ten (default true)", settableThroughAgent: true),
            .init("no_follow_redirects", "deprecated: follow_redirects", settableThroughAgent: true),
            .init("fail_if_ssl", "fail where the last answer came over TLS (default false)", settableThroughAgent: true),
            .init("fail_if_not_ssl", "fail where it did not (default false)", settableThroughAgent: true),
            .init("fail_if_body_matches_regexp", "list of patterns the body may not match", settableThroughAgent: true),
            .init("fail_if_body_not_matches_regexp", "list of patterns the body must match", settableThroughAgent: true),
            .init("fail_if_header_matches", "list of header, regexp, allow_missing", settableThroughAgent: false),
            .init("fail_if_header_not_matches", "list of header, regexp, allow_missing", settableThroughAgent: false),
            .init(
                "tls_config", "ca_file, cert_file, key_file, server_name, insecure_skip_verify, min_version, max_version",
                settableThroughAgent: false),
            .init("basic_auth", "username, username_file, password, password_file", settableThroughAgent: false),
            .init("authorization", "type (default Bearer), credentials, credentials_file", settableThroughAgent: false),
            .init("bearer_token", "the token", settableThroughAgent: false),
            .init("bearer_token_file", "file of the token", settableThroughAgent: false),
            .init(
                "oauth2", "client_id, client_secret, client_secret_file, scopes, token_url, endpoint_params, tls_config, proxy_url",
                settableThroughAgent: false),
            .init("proxy_url", "http:// or socks5:// proxy", settableThroughAgent: false),
            .init("no_proxy", "hosts, domains and ranges that are reached without it", settableThroughAgent: false),
            .init("proxy_connect_header", "headers for the proxy alone", settableThroughAgent: false),
            .init("skip_resolve_phase_with_proxy", "leave names to the proxy (default false)", settableThroughAgent: false),
            .init("enable_http2", "where the server offers it (default true)", settableThroughAgent: true),
            .init("preferred_ip_protocol", "ip4 or ip6 (default ip6)", settableThroughAgent: true),
            .init("ip_protocol_fallback", "take the other where a name has none of that (default true)", settableThroughAgent: true),
        ])

    func readOptions(_ reader: SettingsReader) -> HTTPOptions { HTTPOptions(reader, services) }

    func discover(_ options: HTTPOptions, at place: Place) -> Discovery {
        guard let target = place.target else { return .notDefined(.needsTarget) }
        return .probe(HTTPProbe(target: target, options: options, services: services, tokens: tokens))
    }

    func clearCaches() async {
        tokens.clear()
        services.transfers.trustStores.clear()
    }
}
