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
        reasons: [
            .targetInvalid, .targetForbidden, .systemRefused, .dnsFailed, .connectRefused, .connectTimeout, .networkUnreachable,
            .connectionReset, .timeout, .tlsHandshakeFailed, .clientCertificateRequired, .renegotiationInsecure, .keyTooSmall,
            .signatureWeak, .certificateUnreadable, .credentialUnreadable, .certificateUntrusted, .certificateNameMismatch,
            .certificateExpired,
            .certificateNotYetValid, .certificateRevoked, .answerUnexpected, .httpTooLarge,
        ],
        options: [
            .init("preferred_ip_protocol", "ip4 or ip6 (default ip6)", settableThroughAgent: true),
            .init("ip_protocol_fallback", "fall back to the other protocol (default true)", settableThroughAgent: true),
            .init("source_ip_address", "source address", settableThroughAgent: false),
            .init("query_response", "list of steps: expect, expect_bytes, send, starttls, labels", settableThroughAgent: false),
            .init("tls", "use TLS from the start (default false)", settableThroughAgent: true),
            .init(
                "tls_config", "ca_file, cert_file, key_file, server_name, insecure_skip_verify, min_version, max_version",
                settableThroughAgent: false),
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
