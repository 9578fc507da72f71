import Outbound
import Probing

/// `tcp`: a connection to `host:port`, with an optional query/response dialogue.
struct TCPKind: TargetKind {
    typealias Check = TCPProbe

    static let name = "tcp"
    let services: TargetServices

    init(_ services: TargetServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "The target is host:port. Its name is resolved, and one of its addresses is connected to.",
            "With 'tls', a TLS handshake follows; the peer's certificates are recorded even if verification fails.",
            "With 'query_response', the steps are executed in order: a line that matches 'expect', or exactly 'expect_bytes', must be received; 'send' is sent; 'starttls' starts TLS.",
        ],
        stages: [.resolve, .connect, .tls, .endpoint],
        metrics: ResolutionFacts.metrics + ConversationFacts.metrics + TLSFacts.metrics,
        reasons: .target + [.dnsFailed] + .connection + .tls + [.answerUnexpected, .httpTooLarge],
        options: AddressOptions.guide(hasSource: true) + [
            .init("query_response", "list of steps: expect, expect_bytes, send, starttls, labels", settableThroughAgent: false),
            .init("tls", "use TLS from the start (default false)", settableThroughAgent: true),
            TLSOptions.guide,
        ])

    func readOptions(_ reader: SettingsReader) -> TCPOptions {
        TCPOptions(
            address: AddressOptions(reader, hasSource: true), script: Script(reader), beginsWithTLS: reader.bool("tls") ?? false,
            tls: TLSOptions(reader.mapping("tls_config"), services))
    }
}

struct TCPOptions: Sendable {
    var address: AddressOptions
    var script: Script
    var beginsWithTLS: Bool
    var tls: TLSOptions
}
