/// A mail server that shows the lab's mailbox to its owner: as much of IMAP as reading by search needs.
struct IMAPDialogue: MailDialogue {
    private static let capabilities = "CAPABILITY IMAP4rev1 UIDPLUS SASL-IR AUTH=GSSAPI AUTH=NTLM AUTH=PLAIN"

    let name: String
    let account: MailAccount
    let mailbox: LabMailbox
    let board: FaultBoard

    private var isLoggedIn = false
    /// The tag of the AUTHENTICATE command whose response is still to come.
    private var waiting: String?

    init(name: String, account: MailAccount, mailbox: LabMailbox, board: FaultBoard) {
        self.name = name
        self.account = account
        self.mailbox = mailbox
        self.board = board
    }

    var greeting: String { "* OK \(name) ready" }

    mutating func reply(to line: String) -> MailReply {
        if let tag = waiting {
            waiting = nil
            return logIn(tag, account.accepts(plain: line))
        }
        let words = Self.words(line)
        guard words.count > 1 else { return MailReply("* BAD no command") }
        let (tag, command) = (words[0], words[1].uppercased())
        switch command {
        case "CAPABILITY": return MailReply("* \(Self.capabilities)", "\(tag) OK")
        case "NOOP": return MailReply("\(tag) OK")
        case "LOGOUT": return MailReply("* BYE", "\(tag) OK", closes: true)
        case "LOGIN" where words.count == 4: return logIn(tag, words[2] == account.user && words[3] == account.password)
        case "AUTHENTICATE" where words.count == 4: return logIn(tag, account.accepts(plain: words[3]))
        case "AUTHENTICATE":
            waiting = tag
            return MailReply("+ ")
        default: return isLoggedIn ? read(tag, command, Array(words.dropFirst(2))) : MailReply("\(tag) NO log in first")
        }
    }

    private mutating func logIn(_ tag: String, _ isAccepted: Bool) -> MailReply {
        if case .loginRefused? = board.answer(at: .imap) { return MailReply("\(tag) NO AUTHENTICATE failed.") }
        isLoggedIn = isAccepted
        return MailReply(isAccepted ? "\(tag) OK" : "\(tag) NO AUTHENTICATE failed.")
    }

    private func read(_ tag: String, _ command: String, _ words: [String]) -> MailReply {
        switch (command, words.first?.uppercased()) {
        case ("SELECT", "INBOX"): return MailReply("* \(mailbox.messages.count) EXISTS", "* OK [UIDVALIDITY 1]", "\(tag) OK [READ-WRITE]")
        case ("SELECT", _): return MailReply("\(tag) NO [NONEXISTENT] \(words.first ?? "") doesn't exist.")
        case ("UID", "SEARCH"):
            let found = search(Array(words.dropFirst())).map { " \($0)" }.joined()
            return MailReply("* SEARCH\(found)", "\(tag) OK")
        case ("STATUS", "INBOX"):
            return MailReply("* STATUS INBOX (UNSEEN \(mailbox.messages.count { !$0.isSeen }))", "\(tag) OK")
        case ("UID", "FETCH") where words.count > 1:
            let wanted = Self.set(words[1])
            let lines = mailbox.messages.enumerated().filter { wanted.contains($1.identifier) }.map { index, message in
                "* \(index + 1) FETCH (UID \(message.identifier) ENVELOPE (NIL \"\(message.subject)\" NIL NIL NIL NIL NIL NIL NIL NIL))"
            }
            return MailReply(lines: lines + ["\(tag) OK"])
        case ("UID", "STORE") where words.count > 1:
            mailbox.markDeleted(Self.set(words[1]))
            return MailReply("\(tag) OK")
        case ("UID", "EXPUNGE") where words.count > 1:
            mailbox.expunge(Self.set(words[1]))
            return MailReply("\(tag) OK")
        default: return MailReply("\(tag) BAD Command Argument Error.")
        }
    }

    /// The identifiers of the messages that match all keys: `UNSEEN`, `SUBJECT` and `NOT SUBJECT`.
    private func search(_ keys: [String]) -> [UInt32] {
        var found = mailbox.messages
        var rest = keys[...]
        while let key = rest.popFirst() {
            let isNot = key.uppercased() == "NOT"
            switch (isNot ? rest.popFirst() ?? "" : key).uppercased() {
            case "UNSEEN": found.removeAll { $0.isSeen != isNot }
            case "SUBJECT":
                let text = (rest.popFirst() ?? "").lowercased()
                found.removeAll { $0.subject.lowercased().contains(text) == isNot }
            default: return []
            }
        }
        return found.map(\.identifier)
    }

    private static func set(_ text: String) -> Set<UInt32> { Set(text.split(separator: ",").compactMap { UInt32($0) }) }

    /// Splits at spaces outside of quotes.
    private static func words(_ line: String) -> [String] {
        var words = [""]
        var isQuoted = false
        for character in line {
            switch character {
            case "\"": isQuoted.toggle()
            case " " where !isQuoted: words.append("")
            default: words[words.count - 1].append(character)
            }
        }
        return words.filter { !$0.isEmpty }
    }
}
