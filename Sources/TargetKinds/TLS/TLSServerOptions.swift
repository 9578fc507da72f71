import Addresses
import Outbound
import Probing
import Transfers

/// How a TLS server is reached: `starttls tls_config preferred_ip_protocol ip_protocol_fallback source_ip_address`.
struct TLSServerOptions: Sendable {
    var address: AddressOptions
    /// Nil: TLS from the start.
    var startTLS: StartTLSDialect?
    var tls: TLSOptions
    /// Nil: directly.
    var proxy: TLSProxy?

    /// The options as a kind's guide lists them.
    static let guide =
        AddressOptions.guide(hasSource: true) + [
            .init(
                "starttls", StartTLSDialect.allCases.map(\.rawValue).joined(separator: " | ") + ": the protocol that precedes TLS",
                settableThroughAgent: true),
            TLSOptions.guide, TLSProxy.guide,
        ]

    /// The reasons why a handshake fails.
    static let reasons: [Reason] =
        .target + [.dnsFailed] + .connection + .proxy + .tls + [.startTLSMissing, .answerUnexpected, .httpTooLarge]

    init(_ reader: SettingsReader, _ services: TargetServices) {
        address = AddressOptions(reader, hasSource: true)
        startTLS = reader.choice("starttls", StartTLSDialect.self)
        tls = TLSOptions(reader.mapping("tls_config"), services)
        proxy = TLSProxy(reader)
    }

    /// The host and port of a target, which need not name the port; nil if it is neither.
    func endpoint(_ text: String) -> (name: String, port: UInt16)? {
        // Without a port, the text is a host, in brackets or not.
        URLHost.split(text) ?? URLHost.split("\(text):\(startTLS?.port ?? 443)")
    }
}

extension TargetRun {
    static let handshakeMetrics = TLSFacts.metrics + [TLSFacts.cipher]

    /// Connects to the target, in the protocol that precedes TLS if there is one, and starts TLS. The presented certificates are recorded.
    /// - Returns: the session; nil if the run ends here (the reason has been recorded).
    mutating func handshake(_ options: TLSServerOptions) async -> TLSReport? {
        guard let (host, port) = options.endpoint(target.text) else {
            reject(.config, .targetInvalid, "the target must be host or host:port, with an IPv6 address in brackets")
            return nil
        }
        // Through a proxy, that resolves the name, unless every address has its own probe.
        guard let address = await resolve(options.proxy?.host ?? host, options.address, isTarget: options.proxy == nil) else { return nil }
        do throws(ExchangeFailure) {
            let conversation = try await transfers.connect(
                to: Endpoint(address, port: options.proxy?.port ?? port), from: options.address.source, until: deadline)
            if let proxy = options.proxy {
                let authority = HostPort(host: target.address?.description ?? host, port: port).description
                var dialogue = ClearTextDialogue(conversation, in: "HTTP")
                try await dialogue.openTunnel(to: authority, authorization: proxy.authorization)
            }
            pass(.connect, conversation.peer)
            if let dialect = options.startTLS {
                try await dialect.ask(conversation, host: target.asciiHostname ?? host)
                pass(.endpoint, "\(dialect) server agreed to TLS")
            }
            return await startTLS(conversation, options.tls, host: host, declared: Self.handshakeMetrics) ? conversation.tls : nil
        } catch {
            fail(error)
            return nil
        }
    }
}
