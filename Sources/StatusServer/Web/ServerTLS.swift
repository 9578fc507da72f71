import Certificates
import Monitoring
import NIOCore
import NIOSSL
import Probing
import Serving

/// TLS as a web configuration wants it, for the connections of one listener.
struct ServerTLS: Sendable {
    /// The configuration cannot be used; the description is one sentence.
    struct Unusable: Error, CustomStringConvertible { var description: String }

    private let context: NIOSSLContext
    let offersHTTP2: Bool
    private let verifiesClients: Bool
    private let allowedClientNames: [String]?

    init(_ settings: WebSettings.TLS) throws(Unusable) {
        var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: [], privateKey: try Self.key(settings.key))
        configuration.certificateChain = try Self.certificates(settings.certificate, "'cert_file'").map { .certificate($0) }
        configuration.minimumTLSVersion = settings.minimum.version
        configuration.maximumTLSVersion = settings.maximum.version
        configuration.applicationProtocols = settings.offersHTTP2 ? ["h2", "http/1.1"] : ["http/1.1"]
        let suites = settings.cipherSuites.compactMap { Self.suites[$0] }
        if !suites.isEmpty {
            configuration.cipherSuiteValues = suites
        } else if !settings.cipherSuites.isEmpty {
            configuration.minimumTLSVersion = .tlsv13
        }
        if !settings.curves.isEmpty { configuration.curves = settings.curves.map(\.curve) }
        switch settings.clientAuthentication {
        case .none: configuration.certificateVerification = .none
        case .request, .verifyIfGiven: configuration.certificateVerification = .optionalVerification
        case .requireAny, .requireAndVerify: configuration.certificateVerification = .noHostnameVerification
        }
        if let roots = settings.clientRoots { configuration.trustRoots = .certificates(try Self.certificates(roots, "'client_ca_file'")) }
        offersHTTP2 = settings.offersHTTP2
        verifiesClients = [.verifyIfGiven, .requireAndVerify].contains(settings.clientAuthentication)
        allowedClientNames = settings.clientAuthentication == .none ? nil : settings.allowedClientNames
        do { context = try NIOSSLContext(configuration: configuration) } catch {
            throw Unusable(
                description:
                    "the first certificate of 'cert_file' and the key of 'key_file' do not belong together, or cannot be used: the server's own comes first, then its issuers"
            )
        }
    }

    /// Adds TLS to a new connection. Called on its event loop.
    func add(to channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        let handler =
            verifiesClients
            ? NIOSSLServerHandler(context: context)
            // Asked of clients that present a certificate, whatever it is.
            : NIOSSLServerHandler(context: context) { _, promise in promise.succeed(.certificateVerified) }
        try pipeline.addHandler(PlainRequestNotice())
        try pipeline.addHandler(handler)
        if let allowedClientNames { try pipeline.addHandler(ClientNameCheck(allowedClientNames, handler)) }
    }

    private static func certificates(_ pem: [UInt8], _ key: String) throws(Unusable) -> [NIOSSLCertificate] {
        // BoringSSL reports an empty file as an error, Go as one without certificates.
        guard CertificateFacts.count(pem: pem) > 0 else {
            guard key == "'client_ca_file'" else { throw Unusable(description: "\(key): no PEM certificate") }
            return []
        }
        do { return try NIOSSLCertificate.fromPEMBytes(pem) } catch { throw Unusable(description: "\(key): no usable PEM certificate") }
    }

    private static func key(_ pem: [UInt8]) throws(Unusable) -> NIOSSLPrivateKeySource {
        do { return .privateKey(try NIOSSLPrivateKey(bytes: pem, format: .pem)) } catch {
            throw Unusable(description: "'key_file': no usable private key in PEM without a password")
        }
    }

    /// Those before TLS 1.3.
    private static let suites: [String: NIOTLSCipher] = [
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": .TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": .TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": .TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": .TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
    ]
}

extension WebSettings.TLS.Version {
    fileprivate var version: TLSVersion {
        switch self {
        case .v1_0: .tlsv1
        case .v1_1: .tlsv11
        case .v1_2: .tlsv12
        case .v1_3: .tlsv13
        }
    }
}

extension WebSettings.TLS.Curve {
    fileprivate var curve: NIOTLSCurve {
        switch self {
        case .p256: .secp256r1
        case .p384: .secp384r1
        case .p521: .secp521r1
        case .x25519: .x25519
        }
    }
}

/// Closes the connection of a client whose certificate has none of the allowed names, and reads nothing of what it sends.
private final class ClientNameCheck: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let allowed: Set<String>
    private let tls: NIOSSLServerHandler
    private var isRefused = false

    init(_ allowed: [String], _ tls: NIOSSLServerHandler) {
        self.allowed = Set(allowed)
        self.tls = tls
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if TLSHandshake.isCompleted(by: event), !isAllowed {
            isRefused = true
            // Below TLS, which would wait for the client to agree.
            return (try? context.pipeline.syncOperations.context(handler: tls))?.close(promise: nil) ?? context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// A request may have come with the end of the handshake.
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !isRefused { context.fireChannelRead(data) }
    }

    /// A client that needs no certificate and has none is allowed.
    private var isAllowed: Bool {
        guard let certificate = tls.peerCertificate else { return true }
        guard let der = try? certificate.toDERBytes(), let facts = try? CertificateFacts.read(pemOrDER: der) else { return false }
        return !allowed.isDisjoint(with: facts.alternativeNames)
    }
}

/// Answers an HTTP request to a TLS port in plain HTTP, as Go does, so that its sender sees what is wrong.
private final class PlainRequestNotice: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let notice =
        "HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\nThis port speaks HTTPS: use https://\n"

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        // A handshake begins with a byte that no method of HTTP has.
        guard let first = buffer.readableBytesView.first, (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) else {
            context.fireChannelRead(data)
            return context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        }
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: Self.notice))).whenComplete { _ in channel.close(promise: nil) }
    }
}
