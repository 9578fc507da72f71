import Probing
import Transfers

/// `websocket`: a WebSocket connection, with an optional exchange of messages.
struct WebSocketKind: TargetKind {
    typealias Check = WebSocketProbe

    static let name = "websocket"
    let services: TargetServices

    init(_ services: TargetServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "The target is a ws:// or wss:// URL. Its name is resolved, and one of its addresses is connected to; wss:// uses TLS.",
            "The server must respond to the upgrade with status 101 and the correct Sec-WebSocket-Accept. Redirects are not followed.",
            "With 'query_response', the steps are executed in order: the next message must match 'expect'; 'send' is sent as a text message.",
        ],
        stages: [.resolve, .connect, .tls, .endpoint],
        metrics: ResolutionFacts.metrics + WebSocketFacts.metrics + TLSFacts.metrics,
        reasons: [
            .targetInvalid, .targetForbidden, .systemRefused, .credentialUnreadable, .dnsFailed, .connectRefused, .connectTimeout,
            .networkUnreachable, .connectionReset, .timeout, .tlsHandshakeFailed, .clientCertificateRequired, .renegotiationInsecure,
            .keyTooSmall, .signatureWeak, .certificateUnreadable, .certificateUntrusted, .certificateNameMismatch,
            .certificateExpired, .certificateNotYetValid, .certificateRevoked, .httpStatus, .httpRedirect, .httpMalformed, .httpTooLarge,
            .answerUnexpected,
        ],
        options: [
            .init("preferred_ip_protocol", "ip4 or ip6 (default ip6)", settableThroughAgent: true),
            .init("ip_protocol_fallback", "fall back to the other protocol (default true)", settableThroughAgent: true),
            .init("headers", "mapping of header names to values", settableThroughAgent: false),
            .init("http_config", "basic_auth, authorization, bearer_token, http_headers, tls_config", settableThroughAgent: false),
            .init("query_response", "list of steps: expect, send", settableThroughAgent: false),
        ])

    func readOptions(_ reader: SettingsReader) -> WebSocketOptions { WebSocketOptions(reader, services) }
}
