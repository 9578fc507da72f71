import CCurl

/// Events reported by OpenSSL for one connection: the alert with which the peer ended it, and whether it requested a certificate.
///
/// Also retained by the context, because libcurl may still be closing a connection whose transfer has ended.
final class SessionEvents {
    /// The fatal alert sent by the peer; nil if there was none.
    private(set) var alert: TLSAlert?
    /// Whether the peer requested a client certificate.
    private(set) var asksForCertificate = false
    /// The SNI name that replaces the one set by the creator of the session; empty removes it, nil keeps it.
    private let askedName: String?

    init(askedName: String?) { self.askedName = askedName }

    /// Observes every session of a context.
    func attach(to context: OpaquePointer) {
        SSL_CTX_set_ex_data(context, Self.index, Unmanaged.passRetained(self).toOpaque())
        SSL_CTX_set_info_callback(context) { session, place, value in
            guard let session else { return }
            SessionEvents.of(session)?.note(place, value, session)
        }
        SSL_CTX_set_cert_cb(
            context,
            { session, _ in
                if let session { SessionEvents.of(session)?.asksForCertificate = true }
                return 1
            }, nil)
    }

    private func note(_ place: Int32, _ value: Int32, _ session: OpaquePointer) {
        if place & SSL_CB_HANDSHAKE_START != 0, let askedName {
            _ = agent_ssl_set_host(session, askedName.isEmpty ? nil : askedName)
        }
        // The high byte is the alert level; a warning does not end the session.
        if place & SSL_CB_READ_ALERT == SSL_CB_READ_ALERT, value >> 8 == SSL3_AL_FATAL {
            alert = TLSAlert(number: UInt8(truncatingIfNeeded: value))
        }
    }

    private static let index = agent_ssl_context_index { _, events, _, _, _, _ in
        if let events { Unmanaged<SessionEvents>.fromOpaque(events).release() }
    }

    private static func of(_ session: OpaquePointer) -> SessionEvents? {
        SSL_get_SSL_CTX(session).flatMap { SSL_CTX_get_ex_data($0, index) }
            .map { Unmanaged<SessionEvents>.fromOpaque($0).takeUnretainedValue() }
    }
}
