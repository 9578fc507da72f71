import Addresses
import FoundationEssentials
import Probing

/// Reads `mailFlow`.
struct MailFlowSettings {
    let resolved: (String) -> String

    /// - Returns: nil if it cannot be used, which is reported.
    func mailFlow(_ reader: SettingsReader?) -> MailFlow? {
        guard let reader else { return nil }
        defer { reader.finish() }
        let (sender, recipient) = (address(reader, "from"), address(reader, "to"))
        let mailbox = mailbox(reader)
        let ports: [MailFlow.Security: UInt16] = [.starttls: 587, .implicit: 465, .none: 25]
        let smtp =
            reader.has("smtp")
            ? service(reader.mapping("smtp"), "smtp", ports, .starttls)
            : ports[.starttls].map { MailFlow.Service(port: $0, security: .starttls) }
        let imap = service(reader.mapping("imap"), "imap", [.starttls: 143, .implicit: 993], .implicit)
        guard let imap else {
            if !reader.has("imap") { reader.error("'mailFlow' needs 'imap' with 'user' and 'passwordFile'", at: reader.location) }
            return nil
        }
        guard let sender, let recipient, let smtp else {
            return nil
        }
        return MailFlow(sender: sender, recipient: recipient, smtp: smtp, imap: imap, mailbox: mailbox)
    }

    /// - Parameter ports: the default port for each way to protect the connection; others are not accepted.
    private func service(
        _ reader: SettingsReader?, _ name: String, _ ports: [MailFlow.Security: UInt16], _ usual: MailFlow.Security
    ) -> MailFlow.Service? {
        guard let reader else { return nil }
        defer { reader.finish() }
        let security = reader.choice("tls", MailFlow.Security.self) ?? usual
        let port = reader.integer("port", in: 1...65535).map(UInt16.init)
        let (host, login) = (reader.string("host"), login(reader))
        if let host, !Text.isHostName(host) {
            reader.error("'host' must be a host name, found '\(EndpointURL(host))'", at: reader.location(of: "host"))
        }
        guard let defaultPort = ports[security] else {
            reader.error(
                "'tls' must be starttls or implicit for '\(name)': a password is never sent without TLS", at: reader.location(of: "tls"))
            return nil
        }
        var service = MailFlow.Service(port: port ?? defaultPort, security: security)
        (service.host, service.login) = (host, login)
        if security == .none, service.login != nil {
            reader.error("'user' cannot be used with 'tls: none': a password is never sent without TLS", at: reader.location(of: "user"))
        }
        if name == "imap", service.login == nil {
            if !reader.has("user"), !reader.has("passwordFile") {
                reader.error("'imap' needs 'user' and 'passwordFile'", at: reader.location)
            }
            return nil
        }
        return service
    }

    private func login(_ reader: SettingsReader) -> MailFlow.Login? {
        let (user, file) = (reader.line("user"), reader.string("passwordFile").map(resolved))
        guard reader.has("user") || reader.has("passwordFile") else { return nil }
        guard let user, let file, !user.isEmpty else {
            // A value that cannot be one has been reported.
            guard !reader.has("user") || !reader.has("passwordFile") || user == "" else { return nil }
            reader.error("'user' and 'passwordFile' belong together: set both", at: reader.location)
            return nil
        }
        if !FileManager.default.fileExists(atPath: file) {
            reader.warning("'passwordFile': file \(file) does not exist", at: reader.location(of: "passwordFile"))
        }
        return MailFlow.Login(user: user, passwordFile: file)
    }

    private func address(_ reader: SettingsReader, _ key: String) -> String? {
        guard let text = reader.required(key, what: "'mailFlow'") else { return nil }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !#"<>()[],;:\""#.utf8.contains($0) }
        if parts.count == 2, !parts[0].isEmpty, isPlain, Text.isHostName(String(parts[1])) { return text }
        reader.error("'\(key)' must be an address such as monitoring@fabrikam.com, found '\(text)'", at: reader.location(of: key))
        return nil
    }

    private func mailbox(_ reader: SettingsReader) -> String {
        guard let name = reader.line("mailbox") else { return "INBOX" }
        guard name.utf8.allSatisfy({ $0 < 0x80 }), !["", ".", ".."].contains(name) else {
            reader.error("'mailbox' must be a folder name of ASCII characters, such as INBOX", at: reader.location(of: "mailbox"))
            return "INBOX"
        }
        return name
    }
}
