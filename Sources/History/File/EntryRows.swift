import FoundationEssentials
import GRDB
import Monitoring
import Probing

/// Writes entries as rows, within the caller's transaction.
struct EntryRows {
    private static let subjectsRemembered = 20_000

    let db: Database
    /// Row ids of subjects already looked up.
    var subjects: [ProbeKey: Int64]

    init(_ db: Database, subjects: [ProbeKey: Int64] = [:]) {
        self.db = db
        self.subjects = subjects.count > Self.subjectsRemembered ? [:] : subjects
    }

    mutating func write(_ row: ResultRow) throws {
        let subject: Int64
        if let known = subjects[row.key] {
            subject = known
        } else {
            subject = try self.subject(row.key.identity.description, row.key.server)
            subjects[row.key] = subject
        }
        let statement = try db.cachedStatement(
            sql: "INSERT INTO result (at, subject, type, reason, sentence, duration, sample) VALUES (?, ?, ?, ?, ?, ?, ?)")
        try statement.execute(arguments: [
            row.at.milliseconds, subject, row.type.rawValue, row.reason?.rawValue, row.sentence,
            Int64((row.duration / .microseconds(1)).rounded()), row.sampleValue,
        ])
    }

    /// Writes an entry and updates `truth` accordingly.
    func write(_ entry: JournalEntry, _ truth: inout DurableState) throws {
        switch entry {
        case .result(let result):
            var rows = self
            try rows.write(ResultRow(result, sequence: 0))
        case .episode(let episode): try write(episode, &truth)
        case .transition(let transition):
            try event(
                .transition, transition.monitor, transition.server, at: transition.at,
                "\(transition.before.name) -> \(transition.after.name)", reason: transition.reason, transition.sentence)
        case .attempt(let attempt): try write(attempt, &truth)
        case .override(let override):
            for older in truth.replaced(by: override) {
                try end(older.id, "override", older, at: override.at)
                truth.overrides[older.id] = nil
            }
            try decision(override.id, "override", override, ended: nil)
            truth.overrides[override.id] = override
            try event(.decision, override.identity, override.server ?? "", at: override.at, "override added", override.line)
        case .overrideEnded(let override, let at, let why):
            try end(override.id, "override", override, at: at)
            truth.overrides[override.id] = nil
            try event(.decision, override.identity, override.server ?? "", at: at, "override ended", "\(override.line); \(why)")
        case .maintenance(let maintenance):
            for older in truth.replaced(by: maintenance) {
                try end(older.id, "maintenance", older, at: maintenance.at)
                truth.maintenance[older.id] = nil
            }
            try decision(maintenance.id, "maintenance", maintenance, ended: nil)
            truth.maintenance[maintenance.id] = maintenance
            try event(.decision, maintenance.component, maintenance.server, at: maintenance.at, "maintenance added", maintenance.line)
        case .maintenanceEnded(let maintenance, let at, let why):
            try end(maintenance.id, "maintenance", maintenance, at: at)
            truth.maintenance[maintenance.id] = nil
            try event(
                .decision, maintenance.component, maintenance.server, at: at, "maintenance ended", "\(maintenance.line); \(why)")
        }
    }

    /// Writes the complete durable state to a new file.
    func write(_ truth: DurableState) throws {
        for override in truth.overrides.values { try decision(override.id, "override", override, ended: nil) }
        for maintenance in truth.maintenance.values { try decision(maintenance.id, "maintenance", maintenance, ended: nil) }
        for episode in truth.episodes.values { try row(episode) }
        for attempt in truth.attempts.values { try row(attempt) }
    }

    // MARK: Single entries

    private func write(_ noted: Episode, _ truth: inout DurableState) throws {
        let episode = truth.merged(noted)
        try row(episode)
        if let acknowledged = episode.acknowledged, truth.episodes[episode.id]?.acknowledged == nil {
            let comment = acknowledged.comment.isEmpty ? "" : ": \(acknowledged.comment)"
            try event(
                .decision, episode.key.identity.description, episode.server, at: acknowledged.at, "acknowledged", reason: episode.reason,
                "by \(acknowledged.by)\(comment)")
        }
        truth.episodes[episode.id] = episode
    }

    private func row(_ episode: Episode) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO episode (id, ended, body) VALUES (?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET ended = excluded.ended, body = excluded.body
                """
        ).execute(arguments: [episode.id.uuidString, episode.ended?.milliseconds, try Body.encode(episode)])
    }

    private func write(_ attempt: Attempt, _ truth: inout DurableState) throws {
        try row(attempt)
        truth.attempts[attempt.id] = attempt
    }

    private func row(_ attempt: Attempt) throws {
        let about = "\(attempt.monitor) \(attempt.trigger)" + (attempt.detail.isEmpty ? "" : ": \(attempt.detail)")
        try db.cachedStatement(
            sql: """
                INSERT INTO attempt (id, at, responder, monitor, what, sentence, body) VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET what = excluded.what, sentence = excluded.sentence, body = excluded.body
                """
        ).execute(arguments: [
            attempt.id.uuidString, attempt.at.milliseconds, try subject(attempt.responder, attempt.server),
            try subject(attempt.monitor, attempt.server), attempt.outcome.rawValue, about, try Body.encode(attempt),
        ])
    }

    private func decision(_ id: UUID, _ item: String, _ body: some Encodable, ended: Date?) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO decision (id, item, ended, body) VALUES (?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET ended = coalesce(decision.ended, excluded.ended)
                """
        ).execute(arguments: [id.uuidString, item, ended?.milliseconds, try Body.encode(body)])
    }

    private func end(_ id: UUID, _ item: String, _ body: some Encodable, at date: Date) throws {
        try decision(id, item, body, ended: date)
    }

    private func event(
        _ sort: HistoryQuery.Sort, _ identity: String, _ server: String, at date: Date, _ what: String, reason: Reason? = nil,
        _ sentence: String
    ) throws {
        try db.cachedStatement(sql: "INSERT INTO event (at, sort, subject, what, reason, sentence) VALUES (?, ?, ?, ?, ?, ?)").execute(
            arguments: [date.milliseconds, sort.rawValue, try subject(identity, server), what, reason?.rawValue, sentence])
    }

    private func subject(_ identity: String, _ server: String) throws -> Int64 {
        let find = try db.cachedStatement(sql: "SELECT id FROM subject WHERE identity = ? AND server = ?")
        if let id = try Int64.fetchOne(find, arguments: [identity, server]) { return id }
        try db.cachedStatement(sql: "INSERT INTO subject (identity, server) VALUES (?, ?)").execute(arguments: [identity, server])
        return db.lastInsertedRowID
    }
}

extension Date {
    /// Since 1970.
    var milliseconds: Int64 { Int64(max(-1e15, min(1e15, (timeIntervalSince1970 * 1000).rounded()))) }

    init(milliseconds: Int64) { self.init(timeIntervalSince1970: Double(milliseconds) / 1000) }
}

extension Override {
    /// A description for the history.
    fileprivate var line: String {
        "\(property) = \(value) until \(end), by \(by)" + (comment.isEmpty ? "" : ": \(comment)")
    }
}

extension Maintenance {
    /// A description for the history.
    fileprivate var line: String {
        "\(requester) \(window), by \(by)" + (comment.isEmpty ? "" : ": \(comment)")
    }
}
