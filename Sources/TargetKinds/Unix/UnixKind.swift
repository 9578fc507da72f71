import Outbound
import Probing
import Transfers

/// `unix`: a connection to a Unix stream socket, with an optional query/response dialogue.
struct UnixKind: TargetKind {
    typealias Check = UnixProbe

    static let name = "unix"
    let services: TargetServices

    init(_ services: TargetServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "The target is the path of a stream socket ('@name' for an abstract socket). It is treated as an address of this machine: a caller who may not probe 127.0.0.1 may not probe it.",
            "With 'tls', a TLS handshake follows. 'tls_config.server_name' is the name that the certificate must be valid for.",
            "With 'query_response', the steps are executed in order, as with kind tcp.",
        ],
        stages: [.connect, .tls, .endpoint],
        metrics: ConversationFacts.metrics + TLSFacts.metrics,
        reasons: [.configIncomplete] + .target + .connection + .tls + [.answerUnexpected, .httpTooLarge],
        options: [
            .init("query_response", "list of steps: expect, expect_bytes, send, starttls, labels", settableThroughAgent: false),
            .init("tls", "use TLS from the start (default false)", settableThroughAgent: true),
            TLSOptions.guide,
        ])

    func readOptions(_ reader: SettingsReader) -> UnixOptions {
        UnixOptions(
            script: Script(reader), beginsWithTLS: reader.bool("tls") ?? false, tls: TLSOptions(reader.mapping("tls_config"), services))
    }
}

struct UnixOptions: Sendable {
    var script: Script
    var beginsWithTLS: Bool
    var tls: TLSOptions

    /// Whether TLS may be used with verification, but without a configured name to verify.
    var lacksName: Bool {
        (beginsWithTLS || script.steps.contains(where: \.startsTLS)) && tls.settings.verifies && tls.settings.serverName == nil
    }
}
