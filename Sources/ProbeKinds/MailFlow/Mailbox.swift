import Transfers

/// The folder that a mail session reads.
struct Mailbox: Sendable {
    /// A command that was not completed.
    struct Failure: Error { var report: MailReport }

    let session: MailSession
    let folder: String

    /// The unique identifiers of the messages that match the search keys.
    /// - Returns: them, and the report of the command.
    func search(_ keys: String) async throws(Failure) -> (identifiers: [UInt32], report: MailReport) {
        // What has arrived since the last command is announced in the response to this one.
        let news = await session.command("NOOP", in: folder)
        if news.failure != nil { throw Failure(report: news) }
        var report = await session.command("UID SEARCH \(keys)", in: folder)
        if report.failure != nil { throw Failure(report: report) }
        report.duration += news.duration
        if !news.phases.isEmpty { (report.phases, report.tls) = (news.phases, news.tls) }
        let identifiers = report.lines.filter { $0.uppercased().hasPrefix("* SEARCH") }
            .flatMap { $0.split(separator: " ").dropFirst(2).compactMap { UInt32($0) } }
        return (identifiers, report)
    }

    /// Removes these messages for ever.
    func remove(_ identifiers: [UInt32]) async throws(Failure) {
        guard !identifiers.isEmpty else { return }
        let set = identifiers.map(String.init).joined(separator: ",")
        let marking = await session.command("UID STORE \(set) +FLAGS.SILENT (\\Deleted)", in: folder)
        if marking.failure != nil { throw Failure(report: marking) }
        var removal = await session.command("UID EXPUNGE \(set)", in: folder)
        // Without UIDPLUS (RFC 4315), only all messages that are marked as deleted can be removed together.
        if removal.failure?.kind == .commandRefused { removal = await session.command("EXPUNGE", in: folder) }
        if removal.failure != nil { throw Failure(report: removal) }
    }
}
