import Addresses
import CCurl
import FoundationEssentials
import Glibc

/// One OpenSSL session on a non-blocking socket.
final class TLSSession {
    private let ssl: OpaquePointer
    private let asksForStatus: Bool
    private let verifier: PeerVerifier
    private let peer: String
    private var isEstablished = false

    /// - Throws: `localResources` or `credentialUnreadable` if the session cannot be created with these settings.
    init(socket: Int32, host: String, settings: TLSSettings, trust: TrustStore, peer: String) throws(ExchangeFailure) {
        self.peer = peer
        asksForStatus = settings.asksForStatus
        verifier = PeerVerifier(host: host, settings: settings, trust: trust)
        guard let context = SSL_CTX_new(TLS_client_method()) else {
            throw ExchangeFailure(kind: .localResources, phase: .tls, sentence: "OpenSSL cannot create a session")
        }
        defer { SSL_CTX_free(context) }
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        _ = agent_ssl_set_minimum(context, settings.minimum.number)
        if let maximum = settings.maximum { _ = agent_ssl_set_maximum(context, maximum.number) }
        verifier.attach(to: context)
        if let fault = verifier.ownFault { throw fault }
        guard let ssl = SSL_new(context), SSL_set_fd(ssl, socket) == 1 else {
            throw ExchangeFailure(kind: .localResources, phase: .tls, sentence: "OpenSSL cannot create a session")
        }
        self.ssl = ssl
        let name = settings.name(for: host)
        // SNI must not contain an address.
        if NetworkAddress(name) == nil { _ = agent_ssl_set_host(ssl, name) }
        if settings.asksForStatus { agent_ssl_ask_for_status(ssl) }
        let offer = settings.protocols.flatMap { [UInt8(truncatingIfNeeded: $0.utf8.count)] + Array($0.utf8) }
        if !offer.isEmpty { SSL_set_alpn_protos(ssl, offer, UInt32(offer.count)) }
        // Otherwise one call keeps reading as long as the peer sends records without data, such as session tickets.
        agent_ssl_stop_after_each_record(ssl)
        SSL_set_connect_state(ssl)
    }

    deinit {
        // Sends a close notification without waiting for the peer's.
        if isEstablished { SSL_shutdown(ssl) }
        SSL_free(ssl)
        ERR_clear_error()
    }

    var report: TLSReport {
        var report = verifier.report
        if isEstablished { report.read(ssl) }
        if isEstablished, asksForStatus { report.readIssuer(ssl) }
        return report
    }

    func handshake() throws(ExchangeFailure) -> Conversation.Step {
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        if result == 1 {
            isEstablished = true
            return .done(0)
        }
        let error = errno
        if let wait = wait(result) { return wait }
        throw failure(result, error, "TLS handshake with \(peer) failed")
    }

    func write(_ bytes: ArraySlice<UInt8>) throws(ExchangeFailure) -> Conversation.Step {
        ERR_clear_error()
        let result = bytes.withUnsafeBytes { SSL_write(ssl, $0.baseAddress, Int32(min($0.count, 16 << 10))) }
        if result > 0 { return .done(Int(result)) }
        let error = errno
        if let wait = wait(result) { return wait }
        throw failure(result, error, "\(peer) aborted the TLS session", mayHaveSaidWhy: true)
    }

    func read(most: Int) throws(ExchangeFailure) -> (Conversation.Step, [UInt8]) {
        ERR_clear_error()
        var result: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: most) { buffer, filled in
            result = SSL_read(ssl, buffer.baseAddress, Int32(buffer.count))
            filled = Int(max(0, result))
        }
        if result > 0 { return (.done(Int(result)), bytes) }
        let error = errno
        if let wait = wait(result) { return (wait, []) }
        if SSL_get_error(ssl, result) == SSL_ERROR_ZERO_RETURN || endedWithoutNotice(result, error) { return (.done(0), []) }
        throw failure(result, error, "\(peer) aborted the TLS session")
    }

    /// The sentence for a failed handshake. OpenSSL reports a wrong version number if the peer's first bytes are not a TLS record.
    static func handshakeSentence(peer: String, detail: String) -> String {
        detail.contains("wrong version number")
            ? "\(peer) answers, but not with TLS: check the port and its binding" : "TLS handshake with \(peer) failed"
    }

    private func wait(_ result: Int32) -> Conversation.Step? {
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: .wait(.read)
        case SSL_ERROR_WANT_WRITE: .wait(.write)
        default: nil
        }
    }

    /// Whether the peer closed the connection without a close notification, as many peers do.
    private func endedWithoutNotice(_ result: Int32, _ error: Int32) -> Bool {
        if SSL_get_error(ssl, result) == SSL_ERROR_SYSCALL { return error == 0 }
        return ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING
    }

    /// - Parameter mayHaveSaidWhy: whether to read a pending alert: in TLS 1.3, a server rejects a client certificate after the handshake.
    private func failure(_ result: Int32, _ error: Int32, _ sentence: String, mayHaveSaidWhy: Bool = false) -> ExchangeFailure {
        let isSystem = SSL_get_error(ssl, result) == SSL_ERROR_SYSCALL
        let queued = ERR_peek_error()
        let detail = queued == 0 ? "" : ERR_reason_error_string(queued).map { String(cString: $0) } ?? ""
        if mayHaveSaidWhy {
            var byte: UInt8 = 0
            SSL_peek(ssl, &byte, 1)
        }
        ERR_clear_error()
        if let told = verifier.failure(with: peer) { return told }
        let isCut = (isSystem && [ECONNRESET, EPIPE, 0].contains(error)) || detail.contains("unexpected eof")
        if isCut {
            let phase: ExchangePhase = isEstablished ? .processing : .tls
            return ExchangeFailure(
                kind: .reset, phase: phase, sentence: "the connection to \(peer) was closed unexpectedly", detail: detail)
        }
        let shown = isEstablished ? sentence : Self.handshakeSentence(peer: peer, detail: detail)
        return ExchangeFailure(kind: .handshakeFailed, phase: .tls, sentence: shown, detail: detail)
    }
}

extension TLSVersion {
    /// The protocol's version number.
    var number: Int32 {
        switch self {
        case .v1_0: TLS1_VERSION
        case .v1_1: TLS1_1_VERSION
        case .v1_2: TLS1_2_VERSION
        case .v1_3: TLS1_3_VERSION
        }
    }
}
