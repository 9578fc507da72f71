/// What a mail server says to one command, within bounds.
struct MailAnswer {
    /// Of all lines together, and of the lines that are no responses, in bytes.
    private static let mostBytes = 1 << 20
    /// Of a reply in a report.
    private static let longestReply = 300

    private(set) var lines: [String] = []
    /// The last reply that refused a command: its code (`535 5.7.8`, `NO`), and the whole of it, which may quote what was sent.
    private(set) var refusal: (code: String, line: String)?
    private(set) var isTooLong = false
    private var bytes = 0

    /// Takes one untagged IMAP response.
    /// - Returns: false if the server has said too much.
    mutating func takeResponse(_ line: UnsafeRawBufferPointer) -> Bool {
        guard count(line) else { return false }
        lines.append(Self.text(line[...]))
        return true
    }

    /// Takes one line of any sort.
    mutating func takeReply(_ line: UnsafeRawBufferPointer) -> Bool {
        guard count(line) else { return false }
        // The reply to a farewell may follow.
        refusal = Self.refusal(Self.text(line.prefix(Self.longestReply))) ?? refusal
        return true
    }

    /// Nil for a line that refuses nothing.
    private static func refusal(_ line: String) -> (code: String, line: String)? {
        let words = line.split(maxSplits: 2, omittingEmptySubsequences: false) { $0 == " " || $0 == "-" }
        guard words.count > 1 else { return nil }
        if words[0].count == 3, words[0].allSatisfy(\.isASCIIDigit) {
            guard "45".contains(words[0].prefix(1)) else { return nil }
            let isEnhanced = words[1].allSatisfy { $0.isASCIIDigit || $0 == "." }
            return (isEnhanced ? "\(words[0]) \(words[1])" : String(words[0]), line)
        }
        let code = words[1].uppercased()
        return ["NO", "BAD"].contains(code) ? (code, line) : nil
    }

    private mutating func count(_ line: UnsafeRawBufferPointer) -> Bool {
        bytes += line.count
        isTooLong = bytes > Self.mostBytes
        return !isTooLong
    }

    private static func text(_ line: Slice<UnsafeRawBufferPointer>) -> String {
        String(decoding: line.prefix { $0 != 0x0D && $0 != 0x0A }, as: UTF8.self)
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}
