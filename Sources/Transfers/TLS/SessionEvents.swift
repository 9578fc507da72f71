import CCurl

/// What OpenSSL tells of one connection as it happens: the alert by which the peer ended it, and whether it asked for a certificate.
///
/// The context owns it beside whoever reads it: libcurl may still be closing a connection whose transfer has ended.
final class SessionEvents {
    /// The fatal alert that the peer sent; nil where it sent none.
    private(set) var alert: TLSAlert?
    /// Whether the peer asked for a certificate of ours.
    private(set) var asksForCertificate = false
    /// The name to ask for (SNI) instead of the one that the maker of the session sets; empty asks for none, nil leaves it.
    private let askedName: String?

    init(askedName: String?) { self.askedName = askedName }

    /// Watches every session of a context.
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
        // The high byte is the level: a warning ends nothing.
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
