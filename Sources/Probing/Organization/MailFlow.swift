/// Where test messages are submitted and read (`mailFlow`).
package struct MailFlow: Sendable, Hashable {
    /// How a connection to a mail server is protected.
    package enum Security: String, Sendable, Hashable, CaseIterable { case starttls, implicit, none }

    /// A user name, and the file with the password.
    package struct Login: Sendable, Hashable {
        package var user: String
        package var passwordFile: String

        package init(user: String, passwordFile: String) {
            self.user = user
            self.passwordFile = passwordFile
        }
    }

    /// How one of the two protocols is reached.
    package struct Service: Sendable, Hashable {
        /// Nil for each server itself.
        package var host: String?
        package var port: UInt16
        package var security: Security
        /// Nil to log in as nobody.
        package var login: Login?

        package init(port: UInt16, security: Security) {
            self.port = port
            self.security = security
        }
    }

    package var sender: String
    package var recipient: String
    package var smtp: Service
    package var imap: Service
    /// The folder in which messages arrive.
    package var mailbox: String

    package init(sender: String, recipient: String, smtp: Service, imap: Service, mailbox: String) {
        self.sender = sender
        self.recipient = recipient
        self.smtp = smtp
        self.imap = imap
        self.mailbox = mailbox
    }
}
