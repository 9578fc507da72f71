/// What a mail server says to one command, within bounds.
struct MailAnswer {
    /// Of everything that the server says, in bytes.
    private static let mostBytes = 512 << 10
    /// Of one line, in bytes. libcurl before 8 loses part of a line that is longer than half its buffer, which is `bufferSize`.
    private static let longestLine = 96 << 10
    static let bufferSize = 512 << 10
    /// Of a reply that is kept, in bytes. Longer than what is shown of it, so that a password within it is recognized as a whole.
    private static let longestReply = 4096

    /// The untagged IMAP responses, without line ends.
    private(set) var lines: [String] = []
    /// A command that was refused, or a connection that the server ends.
    struct Refusal {
        /// `535 5.7.8`, `NO`
        var code: String
        /// The first line, which may quote what was sent.
        var line: String
        /// Whether another time may be better.
        var isTemporary: Bool
    }

    /// Nil if the last command was not refused.
    private(set) var refusal: Refusal?
    /// Whether an SMTP server has announced a way to log in.
    private(set) var offersLogin = false
    private(set) var isTooLong = false
    private var bytes = 0
    /// The beginning of a response whose end has not come yet.
    private var unfinished: [UInt8] = []

    /// Takes a part of an untagged IMAP response: libcurl passes on long lines in pieces.
    /// - Returns: false if the server has said too much.
    mutating func takeResponse(_ piece: UnsafeRawBufferPointer) -> Bool {
        unfinished += piece
        isTooLong = isTooLong || unfinished.count > Self.longestLine
        guard !isTooLong else { return false }
        if unfinished.last == 0x0A {
            lines.append(Self.text(unfinished[...]))
            unfinished = []
        }
        return true
    }

    /// Takes one line of any sort.
    /// - Returns: false if the server has said too much.
    mutating func takeReply(_ line: UnsafeRawBufferPointer) -> Bool {
        bytes += line.count
        isTooLong = isTooLong || bytes > Self.mostBytes || line.count > Self.longestLine
        guard !isTooLong else { return false }
        let text = Self.text(line.prefix(Self.longestReply))
        if text.dropFirst(4).uppercased().hasPrefix("AUTH") { offersLogin = true }
        note(text)
        return true
    }

    private mutating func note(_ line: String) {
        let words = line.split(maxSplits: 2, omittingEmptySubsequences: false) { $0 == " " || $0 == "-" }
        guard words.count > 1 else { return }
        guard words[0].count == 3, words[0].allSatisfy(\.isASCIIDigit) else { return noteIMAP(words, line) }
        switch words[0].prefix(1) {
        case "4", "5":
            // The further lines of a reply say less than the first.
            if let refusal, refusal.line.hasPrefix("\(words[0])-") { return }
            let isEnhanced = !words[1].isEmpty && words[1].allSatisfy { $0.isASCIIDigit || $0 == "." }
            refusal = Refusal(
                code: isEnhanced ? "\(words[0]) \(words[1])" : String(words[0]), line: line, isTemporary: words[0].hasPrefix("4"))
        // A farewell follows what was refused.
        default: if words[0] != "221" { refusal = nil }
        }
    }

    private mutating func noteIMAP(_ words: [Substring], _ line: String) {
        let code = words[1].uppercased()
        switch (code, words[0] == "*") {
        case ("NO", false), ("BAD", false):
            let response = words.count > 2 ? words[2].uppercased() : ""
            let isTemporary = ["[UNAVAILABLE]", "[INUSE]", "[SERVERBUG]", "[LIMIT]"].contains { response.hasPrefix($0) }
            refusal = Refusal(code: code, line: line, isTemporary: isTemporary)
        // A farewell follows other refusals as well.
        case ("BYE", true): if refusal == nil { refusal = Refusal(code: code, line: line, isTemporary: true) }
        default: break
        }
    }

    private static func text(_ line: some Collection<UInt8>) -> String {
        String(decoding: line.prefix { $0 != 0x0D && $0 != 0x0A }, as: UTF8.self)
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}
