import Addresses
import CCurl
import FoundationEssentials
import Glibc

/// One TLS session of OpenSSL's on a socket that does not block.
final class TLSSession {
    private let ssl: OpaquePointer
    private let verifier: PeerVerifier
    private let peer: String
    private var isEstablished = false

    /// - Throws: `invalidRequest` or `credentialUnreadable` where the settings cannot be used here.
    init(socket: Int32, host: String, settings: TLSSettings, trust: TrustStore, peer: String) throws(ExchangeFailure) {
        self.peer = peer
        verifier = PeerVerifier(host: host, settings: settings, trust: trust)
        guard let context = SSL_CTX_new(TLS_client_method()) else {
            throw ExchangeFailure(kind: .invalidRequest, phase: .tls, sentence: "OpenSSL makes no session")
        }
        defer { SSL_CTX_free(context) }
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        _ = agent_ssl_set_minimum(context, settings.minimum.number)
        if let maximum = settings.maximum { _ = agent_ssl_set_maximum(context, maximum.number) }
        verifier.attach(to: context)
        if let fault = verifier.ownFault { throw fault }
        guard let ssl = SSL_new(context), SSL_set_fd(ssl, socket) == 1 else {
            throw ExchangeFailure(kind: .invalidRequest, phase: .tls, sentence: "OpenSSL makes no session")
        }
        self.ssl = ssl
        let name = settings.name(for: host)
        // An address is no name to ask for.
        if NetworkAddress(name) == nil { _ = agent_ssl_set_host(ssl, name) }
        // Else one call reads on for as long as the peer sends what is no data: tickets, say.
        agent_ssl_stop_after_each_record(ssl)
        SSL_set_connect_state(ssl)
    }

    deinit {
        // One notice that we leave; nothing is waited for.
        if isEstablished { SSL_shutdown(ssl) }
        SSL_free(ssl)
        ERR_clear_error()
    }

    var report: TLSReport {
        var report = verifier.report
        if isEstablished { report.read(ssl) }
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
        throw failure(result, error, "no TLS session with \(peer)")
    }

    func write(_ bytes: ArraySlice<UInt8>) throws(ExchangeFailure) -> Conversation.Step {
        ERR_clear_error()
        let result = bytes.withUnsafeBytes { SSL_write(ssl, $0.baseAddress, Int32(min($0.count, 16 << 10))) }
        if result > 0 { return .done(Int(result)) }
        let error = errno
        if let wait = wait(result) { return wait }
        throw failure(result, error, "\(peer) broke off the TLS session", mayHaveSaidWhy: true)
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
        throw failure(result, error, "\(peer) broke off the TLS session")
    }

    private func wait(_ result: Int32) -> Conversation.Step? {
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: .wait(.read)
        case SSL_ERROR_WANT_WRITE: .wait(.write)
        default: nil
        }
    }

    /// Many peers close the connection without TLS's own farewell.
    private func endedWithoutNotice(_ result: Int32, _ error: Int32) -> Bool {
        if SSL_get_error(ssl, result) == SSL_ERROR_SYSCALL { return error == 0 }
        return ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING
    }

    /// - Parameter mayHaveSaidWhy: whether an alert may lie unread: with TLS 1.3 a server refuses a client's certificate only after the handshake.
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
            return ExchangeFailure(kind: .reset, phase: phase, sentence: "the connection to \(peer) was cut", detail: detail)
        }
        return ExchangeFailure(kind: .handshakeFailed, phase: .tls, sentence: sentence, detail: detail)
    }
}

extension TLSVersion {
    /// As the protocol numbers it.
    var number: Int32 {
        switch self {
        case .v1_0: TLS1_VERSION
        case .v1_1: TLS1_1_VERSION
        case .v1_2: TLS1_2_VERSION
        case .v1_3: TLS1_3_VERSION
        }
    }
}
