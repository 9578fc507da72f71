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

    static let expected = "host or host:port, with an IPv6 address in brackets, or an https URL"

    /// The host and port of a target, which need not name the port, or is an https URL; nil if it is neither.
    func endpoint(_ text: String) -> (name: String, port: UInt16)? { Self.endpoint(text, port: startTLS?.port ?? 443) }

    /// - Parameter port: of a target that names none.
    static func endpoint(_ text: String, port: UInt16 = 443) -> (name: String, port: UInt16)? {
        if text.lowercased().hasPrefix("https://") { return URLHost(text).map { ($0.name, $0.port) } }
        guard !text.contains(where: { "/*".contains($0) }) else { return nil }
        // Without a port, the text is a host, in brackets or not.
        return URLHost.split(text) ?? URLHost.split("\(text):\(port)")
    }
}

extension TargetRun {
    static let handshakeMetrics = TLSFacts.metrics + [TLSFacts.cipher]

    /// Connects to the target, in the protocol that precedes TLS if there is one, and starts TLS. The presented certificates are recorded.
    /// - Returns: the session; nil if the run ends here (the reason has been recorded).
    mutating func handshake(_ options: TLSServerOptions) async -> TLSReport? {
        guard let (host, port) = options.endpoint(target.text) else {
            reject(.config, .targetInvalid, "the target must be \(TLSServerOptions.expected)")
            return nil
        }
        guard let (endpoint, authority) = await route(to: host, port: port, options) else { return nil }
        do throws(ExchangeFailure) {
            let conversation = try await transfers.connect(to: endpoint, from: options.address.source, until: deadline)
            var dialogue = ClearTextDialogue(conversation, in: "HTTP")
            if let proxy = options.proxy { try await dialogue.openTunnel(to: authority, authorization: proxy.authorization) }
            pass(.connect, conversation.peer)
            if let dialect = options.startTLS {
                try await dialect.ask(in: &dialogue, host: target.asciiHostname ?? host)
                pass(.endpoint, "\(dialect) server agreed to TLS")
            }
            try dialogue.end()
            return await startTLS(conversation, options.tls, host: host, declared: Self.handshakeMetrics) ? conversation.tls : nil
        } catch {
            fail(error)
            return nil
        }
    }

    /// Where to connect to, and what a proxy is asked for: a name, unless the address is given, or must be checked before.
    private mutating func route(
        to host: String, port: UInt16, _ options: TLSServerOptions
    ) async -> (endpoint: Endpoint, authority: String)? {
        guard let proxy = options.proxy else {
            guard let address = await resolve(host, options.address) else { return nil }
            return (Endpoint(address, port: port), "")
        }
        var asked = host
        if target.policy != .open || target.address != nil {
            guard let address = await resolve(host, options.address) else { return nil }
            asked = address.description
        }
        do throws(ExchangeFailure) {
            let address = try await transfers.resolve(proxy.host, options.address.preference, until: deadline)[0]
            pass(.resolve, "proxy \(address)")
            return (Endpoint(address, port: proxy.port), HostPort(host: asked, port: port).description)
        } catch {
            fail(error)
            return nil
        }
    }
}
