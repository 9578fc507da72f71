import Probing
import Transfers

/// A protocol whose connection begins in clear text and continues with TLS when the client has asked for it.
enum StartTLSDialect: String, CaseIterable, Sendable {
    case smtp, imap, pop3, ftp, sieve, irc, xmpp, ldap, postgres, mysql
    /// Between servers.
    case xmppServer = "xmpp-server"

    /// The port of a target that names none.
    var port: UInt16 {
        switch self {
        case .smtp: 25
        case .imap: 143
        case .pop3: 110
        case .ftp: 21
        case .sieve: 4190
        case .irc: 6667
        case .xmpp: 5222
        case .xmppServer: 5269
        case .ldap: 389
        case .postgres: 5432
        case .mysql: 3306
        }
    }

    /// Asks the server for TLS.
    /// - Parameter host: the host that the client names, where the protocol has it named.
    /// - Throws: `.startTLSMissing` if the server does not offer TLS or refuses it, with what it said; `.dialogueUnexpected` if what it says is not of
    ///   this protocol; what the connection throws.
    func ask(in dialogue: inout ClearTextDialogue, host: String) async throws(ExchangeFailure) {
        dialogue.name = rawValue
        switch self {
        case .smtp:
            try await dialogue.reply(220, to: nil)
            // An address is a name that every server accepts in this place.
            let offers = try await dialogue.reply(250, to: "EHLO [127.0.0.1]")
            guard offers.contains(where: { $0.dropFirst(4).uppercased().hasPrefix("STARTTLS") }) else { throw dialogue.missing() }
            try await dialogue.reply(220, to: "STARTTLS")
        case .ftp:
            try await dialogue.reply(220, to: nil)
            try await dialogue.reply(234, to: "AUTH TLS")
        case .imap:
            try await dialogue.line("* OK", refusals: ["* PREAUTH", "* BYE"])
            try await dialogue.send("a STARTTLS")
            try await dialogue.line("A OK", refusals: ["A ", "* BYE"], skipping: "* ")
        case .pop3:
            try await dialogue.line("+OK", refusals: ["-ERR"])
            try await dialogue.send("STLS")
            try await dialogue.line("+OK", refusals: ["-ERR"])
        case .sieve:
            // The greeting lists what the server offers, a line each.
            let offers = try await dialogue.line("OK", refusals: ["NO", "BYE"], skipping: "\"")
            guard offers.contains(where: { $0.uppercased().hasPrefix("\"STARTTLS\"") }) else { throw dialogue.missing() }
            try await dialogue.send("STARTTLS")
            try await dialogue.line("OK", refusals: ["NO", "BYE"])
        case .irc:
            try await dialogue.send("STARTTLS")
            try await dialogue.numeric("670")
        case .xmpp, .xmppServer:
            let space = self == .xmpp ? "jabber:client" : "jabber:server"
            try await dialogue.send(
                text: "<?xml version='1.0'?><stream:stream xmlns='\(space)' xmlns:stream='http://etherx.jabber.org/streams' "
                    + "to='\(host)' version='1.0'>")
            let offers = try await dialogue.text(until: ["</stream:features>", "<stream:features/>", "</stream:stream>"])
            guard offers.contains("urn:ietf:params:xml:ns:xmpp-tls") else { throw dialogue.missing(offers) }
            try await dialogue.send(text: "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
            let answer = try await dialogue.text(until: [">"])
            guard answer.contains("<proceed") else { throw dialogue.missing(answer) }
        case .ldap: try await dialogue.extendedRequest("1.3.6.1.4.1.1466.20037")
        case .postgres: try await dialogue.postgres()
        case .mysql: try await dialogue.mysql()
        }
    }
}
