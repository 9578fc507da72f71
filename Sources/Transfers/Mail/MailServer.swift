/// A mail server, and how to speak with it.
package struct MailServer: Sendable {
    /// The protocol, by the name of its URL scheme.
    package enum Service: String, Sendable, Hashable { case smtp, imap }

    /// How the connection is protected.
    package enum Security: Sendable, Hashable {
        /// TLS after the command STARTTLS; the connection ends if the server does not offer it.
        case startTLS
        /// TLS from the start.
        case implicit
        case none
    }

    /// A user name and a password. They are sent over TLS only.
    package struct Login: Sendable, Hashable {
        package var user: String
        package var password: String

        package init(user: String, password: String) {
            self.user = user
            self.password = password
        }
    }

    package var service: Service
    /// Used for SNI, and checked against the certificate's names.
    package var host: String
    package var port: UInt16
    /// The `host:port` to connect to instead.
    package var address: String?
    package var security: Security
    package var login: Login?
    package var tls: TLSSettings

    package init(
        _ service: Service, host: String, port: UInt16, address: String? = nil, security: Security, login: Login?, trust: TrustedRoots
    ) {
        self.service = service
        self.host = host
        self.port = port
        self.address = address
        self.security = security
        self.login = security == .none ? nil : login
        tls = TLSSettings(trust: trust)
    }
}

/// What one command of a mail session has brought.
package struct MailReport: Sendable {
    /// Of IMAP, the responses to the command, without line ends; empty for SMTP.
    package var lines: [String] = []
    /// Why the command was not completed; nil if the server has accepted it.
    package var failure: ExchangeFailure?
    /// The durations of a new connection: resolve, connect, TLS. Empty if the command used the one that was open.
    package var phases: [ExchangePhase: Duration] = [:]
    /// How long the command took, without these.
    package var duration: Duration = .zero
    /// Of a new connection; nil without TLS.
    package var tls: TLSReport?
    /// Of a new connection, such as `127.0.0.1:993`; nil if there was none.
    package var remoteAddress: String?

    package init() {}
}
