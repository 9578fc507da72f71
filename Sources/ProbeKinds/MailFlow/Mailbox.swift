import Transfers

/// The folder that a mail session reads.
struct Mailbox: Sendable {
    /// A command that was not completed.
    struct Failure: Error { var report: MailReport }

    let session: MailSession
    let folder: String

    /// How many messages are removed together: servers limit the length of a command, and libcurl the number of lines of an answer.
    private static let mostRemoved = 50

    /// The unique identifiers of the messages that match the search keys.
    func search(_ keys: String) async throws(Failure) -> [UInt32] {
        // What has arrived since the last command is announced in the response to this one.
        _ = try await lines("NOOP", "")
        var identifiers: [UInt32] = []
        let lines = try await lines("UID SEARCH \(keys)", "SEARCH")
        guard !lines.isEmpty else { throw Failure(report: Self.malformed("no result of a search")) }
        for line in lines {
            for word in line.split(separator: " ") {
                guard let identifier = UInt32(word) else { throw Failure(report: Self.malformed("SEARCH \(line.prefix(80))")) }
                identifiers.append(identifier)
            }
        }
        return identifiers
    }

    /// How many messages are unseen.
    func unseen() async throws(Failure) -> Int {
        let lines = try await lines("STATUS \(quoted) (UNSEEN)", "STATUS")
        let numbers = lines.compactMap { line -> Int? in
            // `INBOX (UNSEEN 3)`; a name may contain anything.
            guard let open = line.lastIndex(of: "("), line.hasSuffix(")") else { return nil }
            let words = line[open...].dropFirst().dropLast().split(separator: " ")
            return words.count == 2 && words[0].uppercased() == "UNSEEN" ? Int(words[1]) : nil
        }
        guard let number = numbers.last else { throw Failure(report: Self.malformed("no number of unseen messages")) }
        return number
    }

    /// Removes those of these messages for ever whose subject is accepted, as many of them as can be named in one command.
    ///
    /// The server is asked for the subject of each: what a search has found may be somebody else's.
    /// - Returns: how many.
    func remove(_ identifiers: [UInt32], where isOurs: (Substring) -> Bool) async throws(Failure) -> Int {
        guard !identifiers.isEmpty else { return 0 }
        let capabilities = try await lines("CAPABILITY", "CAPABILITY").flatMap { $0.uppercased().split(separator: " ") }
        let found = Self.set(identifiers.prefix(Self.mostRemoved))
        let ours = try await lines("UID FETCH \(found) (UID ENVELOPE)", "").compactMap { line -> UInt32? in
            guard let (identifier, subject) = Self.envelope(line), identifiers.contains(identifier), isOurs(subject) else { return nil }
            return identifier
        }
        guard !ours.isEmpty else { return 0 }
        _ = try await lines("UID STORE \(Self.set(ours)) +FLAGS.SILENT (\\Deleted)", "")
        // Without UIDPLUS (RFC 4315), only all messages that are marked as deleted can be removed together.
        _ = try await lines(capabilities.contains("UIDPLUS") ? "UID EXPUNGE \(Self.set(ours))" : "EXPUNGE", "")
        return ours.count
    }

    /// The identifier and the subject in `3 FETCH (UID 7 ENVELOPE ("date" "subject" ...))`, or with UID at the end; nil for anything else.
    private static func envelope(_ line: Substring) -> (UInt32, Substring)? {
        let beginning = #/^[0-9]+ FETCH \((?:UID ([0-9]+) )?ENVELOPE \((?:"[^"]*"|NIL) "([^"\\]*)" /#.ignoresCase()
        guard let match = line.prefixMatch(of: beginning) else { return nil }
        let last = match.1 == nil ? line.firstMatch(of: #/\) UID ([0-9]+)\)$/#.ignoresCase())?.1 : nil
        return (match.1 ?? last).flatMap { UInt32($0) }.map { ($0, match.2) }
    }

    private static func set(_ identifiers: some Sequence<UInt32>) -> String { identifiers.map(String.init).joined(separator: ",") }

    /// The untagged responses to a command with this name, without it.
    private func lines(_ command: String, _ name: String) async throws(Failure) -> [Substring] {
        let report = await session.command(command, in: folder)
        if report.failure != nil { throw Failure(report: report) }
        let prefix = "* \(name)"
        return report.lines.filter { $0.uppercased().hasPrefix(prefix) }.map { $0.dropFirst(prefix.count) }
    }

    private var quoted: String { "\"\(folder.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"" }

    private static func malformed(_ what: String) -> MailReport {
        var report = MailReport()
        report.failure = ExchangeFailure(kind: .notMail, phase: .processing, sentence: "answered with \(what)")
        return report
    }
}
