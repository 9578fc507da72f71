import Outbound
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
        reasons: .target + [.dnsFailed] + .connection + .tls + .http + [.answerUnexpected],
        options: AddressOptions.guide(hasSource: false) + [
            .init("headers", "mapping of header names to values", settableThroughAgent: false),
            .init("http_config", "basic_auth, authorization, bearer_token, http_headers, tls_config", settableThroughAgent: false),
            .init("query_response", "list of steps: expect, send", settableThroughAgent: false),
        ])

    func readOptions(_ reader: SettingsReader) -> WebSocketOptions { WebSocketOptions(reader, services) }
}
