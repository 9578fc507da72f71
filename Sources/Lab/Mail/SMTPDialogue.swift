/// A mail server that takes messages for the lab's mailbox from whoever logs in.
struct SMTPDialogue: MailDialogue {
    let name: String
    let account: MailAccount
    let mailbox: LabMailbox
    let board: FaultBoard

    private var isLoggedIn = false
    private var isWaitingForPassword = false
    /// The lines of the message that is being sent; nil outside of one.
    private var message: [String]?

    init(name: String, account: MailAccount, mailbox: LabMailbox, board: FaultBoard) {
        self.name = name
        self.account = account
        self.mailbox = mailbox
        self.board = board
    }

    var greeting: String { "220 \(name) ESMTP" }

    mutating func reply(to line: String) -> MailReply {
        if message != nil { return take(line) }
        if isWaitingForPassword {
            isWaitingForPassword = false
            return logIn(line)
        }
        let words = line.split(separator: " ").map(String.init)
        switch words.first?.uppercased() {
        case "EHLO": return MailReply("250-\(name)", "250-AUTH GSSAPI NTLM PLAIN", "250 SIZE 1000000")
        case "HELO", "RSET", "NOOP": return MailReply("250 2.0.0 OK")
        case "QUIT": return MailReply("221 2.0.0 Bye", closes: true)
        case "AUTH" where words.count == 3: return logIn(words[2])
        case "AUTH":
            isWaitingForPassword = true
            return MailReply("334 ")
        case "MAIL" where !isLoggedIn: return MailReply("530 5.7.57 Client not authenticated to send mail.")
        case "MAIL": return MailReply("250 2.1.0 Sender OK")
        case "RCPT":
            if case .noResources? = board.answer(at: .smtp) { return MailReply("452 4.3.1 Insufficient system resources") }
            return MailReply("250 2.1.5 Recipient OK")
        case "DATA":
            message = []
            return MailReply("354 Start mail input; end with <CRLF>.<CRLF>")
        default: return MailReply("500 5.3.3 Unrecognized command")
        }
    }

    private mutating func logIn(_ response: String) -> MailReply {
        isLoggedIn = account.accepts(plain: response)
        return isLoggedIn
            ? MailReply("235 2.7.0 Authentication successful") : MailReply("535 5.7.3 Authentication unsuccessful")
    }

    private mutating func take(_ line: String) -> MailReply {
        guard line == "." else {
            message?.append(line)
            return MailReply()
        }
        let text = (message ?? []).joined(separator: "\n")
        message = nil
        let fault = board.answer(at: .imap)
        let isLost = if case .lost? = fault { true } else { false }
        let isSeen = if case .readElsewhere? = fault { true } else { false }
        if !isLost { mailbox.deliver(text, isSeen: isSeen) }
        return MailReply("250 2.6.0 Queued mail for delivery")
    }
}
