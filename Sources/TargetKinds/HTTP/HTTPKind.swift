import Outbound
import Probing
import Transfers

/// `http`: one request, its redirects, and rules for the last response.
struct HTTPKind: ProbeKind {
    static let name = "http"
    let aim = KindAim.targets
    private let services: TargetServices
    private let tokens = TokenCache()

    init(_ services: TargetServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "The target is an http or https URL; without a scheme, http is assumed. Its name is resolved, and one of its addresses is connected to.",
            "With 'oauth2', a token is fetched first, and cached until shortly before it expires.",
            "The request is sent, and up to ten redirects are followed. Credentials are sent only to the host they are for, cookies are kept, and each address is checked before it is connected to.",
            "The last response is checked in this order: its status (2xx, or 'valid_status_codes'), its headers, its body, its HTTP version, and whether it was received over TLS.",
            "The peer's certificates are recorded even if verification fails. TLS versions below 1.2 are refused unless 'min_version' of 'tls_config' allows them.",
        ],
        stages: [.config, .resolve, .token, .connect, .tls, .endpoint],
        metrics: [.httpDuration] + ResolutionFacts.metrics + HTTPFacts.metrics + TLSFacts.metrics + [TLSFacts.cipher],
        reasons: [.configIncomplete] + .target + [.dnsFailed] + .connection + .proxy + .tls + [
            .loginRefused, .kerberosFailed, .tokenRefused, .tokenMalformed, .endpointThrottled, .endpointUnavailable,
        ] + .http + [.answerUnexpected],
        options: AddressOptions.guide(hasSource: false) + [
            .init("valid_status_codes", "accepted statuses (default 200 to 299)", settableThroughAgent: true),
            .init("valid_http_versions", "HTTP/1.0, HTTP/1.1, HTTP/2.0 (default any)", settableThroughAgent: true),
            .init("method", "request method (default GET)", settableThroughAgent: true),
            .init("headers", "request headers, by name", settableThroughAgent: false),
            .init("http_headers", "request headers by name, with values, secrets and files", settableThroughAgent: false),
            .init("body", "request body", settableThroughAgent: true),
            .init("body_file", "file with the request body", settableThroughAgent: false),
            .init("body_size_limit", "maximum size of the response body, such as 10MB (default 0, no limit)", settableThroughAgent: true),
            .init("compression", "expected encoding of the response body: gzip, br, deflate or identity", settableThroughAgent: true),
            .init("follow_redirects", "follow up to ten redirects (default true)", settableThroughAgent: true),
            .init("no_follow_redirects", "deprecated: use follow_redirects", settableThroughAgent: true),
            .init("fail_if_ssl", "fail if the last response was received over TLS (default false)", settableThroughAgent: true),
            .init("fail_if_not_ssl", "fail if the last response was not received over TLS (default false)", settableThroughAgent: true),
            .init("fail_if_body_matches_regexp", "list of patterns that the body must not match", settableThroughAgent: true),
            .init("fail_if_body_not_matches_regexp", "list of patterns that the body must match", settableThroughAgent: true),
            .init(
                "fail_if_body_json_matches_cel", "CEL expression that the body's JSON ('body') must not fulfil", settableThroughAgent: true),
            .init(
                "fail_if_body_json_not_matches_cel", "CEL expression that the body's JSON ('body') must fulfil", settableThroughAgent: true),
            .init("fail_if_header_matches", "list of header, regexp, allow_missing", settableThroughAgent: false),
            .init("fail_if_header_not_matches", "list of header, regexp, allow_missing", settableThroughAgent: false),
            TLSOptions.guide,
            .init("basic_auth", "username, username_file, password, password_file", settableThroughAgent: false),
            .init("authorization", "type (default Bearer), credentials, credentials_file", settableThroughAgent: false),
            .init(
                "windows_auth", "Windows authentication: scheme (negotiate or ntlm), username, password, password_file, keytab",
                settableThroughAgent: false),
            .init("bearer_token", "the token", settableThroughAgent: false),
            .init("bearer_token_file", "file with the token", settableThroughAgent: false),
            .init(
                "oauth2", "client_id, client_secret, client_secret_file, scopes, token_url, endpoint_params, tls_config, proxy_url",
                settableThroughAgent: false),
        ] + ProxyOptions.guide + [
            .init("skip_resolve_phase_with_proxy", "let the proxy resolve names (default false)", settableThroughAgent: false),
            .init("enable_http2", "use HTTP/2 if the server offers it (default true)", settableThroughAgent: true),
            .init("enable_http3", "use HTTP/3 and nothing else, if libcurl has it (default false)", settableThroughAgent: true),
        ])

    func readOptions(_ reader: SettingsReader) -> HTTPOptions { HTTPOptions(reader, services) }

    func discover(_ options: HTTPOptions, at place: Place) -> Discovery {
        guard let target = place.target else { return .notDefined(.needsTarget) }
        return .probe(HTTPProbe(target: target, options: options, services: services, tokens: tokens))
    }

    func clearCaches() async { tokens.clear() }
}
