import FoundationEssentials

/// A message of the probe, and the searches that find it and those that earlier runs have left.
struct TestMessage: Sendable {
    private static let beginning = "agent mail-flow probe"

    let sender: String
    let recipient: String
    let date: Date
    /// Unique.
    private let identifier = UUID().uuidString.lowercased()

    /// Header and body, in ASCII, with line ends of CR LF.
    var bytes: [UInt8] {
        let lines = [
            "From: <\(sender)>", "To: <\(recipient)>", "Subject: \(subject)",
            "Date: \(Self.headerDate(date))", "Message-ID: <\(identifier)@\(sender.split(separator: "@").last ?? "localhost")>",
            // So that nothing answers it.
            "Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All", "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=us-ascii", "",
            "Sent by a monitoring probe to measure the delivery of mail. The probe removes it.", "",
        ]
        return Array(lines.joined(separator: "\r\n").utf8)
    }

    var subject: String { "\(Self.beginning) \(Self.hour(date)) \(identifier)" }

    /// The search key for this message.
    var search: String { "SUBJECT \"\(identifier)\"" }

    /// The search keys for messages of any run whose hour is neither this nor the last one: no run lasts so long.
    var leftoverSearch: String { "SUBJECT \"\(Self.beginning)\" " + recent.map { "NOT SUBJECT \"\($0)\"" }.joined(separator: " ") }

    /// Whether a message with this subject, and nothing else in it, is what `leftoverSearch` is for: an answer to one is not.
    func isLeftover(_ subject: Substring) -> Bool {
        subject.wholeMatch(of: /agent mail-flow probe [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2} [0-9a-f-]{36}/) != nil
            && !recent.contains { subject.hasPrefix($0) }
    }

    private var recent: [String] { [date, date - 3600].map { "\(Self.beginning) \(Self.hour($0))" } }

    /// `2026-11-27T16`, in UTC.
    private static func hour(_ date: Date) -> String { String(date.formatted(.iso8601).prefix(13)) }

    /// `27 Nov 2026 16:05:09 +0000` (RFC 5322).
    private static func headerDate(_ date: Date) -> String {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let text = date.formatted(.iso8601)
        let numbers = text.split { !$0.isNumber }
        let month = numbers.count > 1 ? Int(numbers[1]) ?? 1 : 1
        return
            "\(numbers.count > 2 ? numbers[2] : "1") \(months[(month - 1) % 12]) \(numbers.first ?? "1970") \(text.dropFirst(11).prefix(8)) +0000"
    }
}
