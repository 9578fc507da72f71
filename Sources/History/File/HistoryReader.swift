import FoundationEssentials
import GRDB
import Monitoring
import Probing

/// Reads history records and the durable state, on a read connection concurrent with the writer.
struct HistoryReader {
    /// Up to this many subjects are queried separately, each through the index by subject.
    private static let subjectsApart = 32

    let db: Database

    // MARK: Records

    /// Newest first. Rows that only a damaged file contains are left out.
    func records(_ query: HistoryQuery) throws -> [HistoryRecord] {
        guard query.limit > 0 else { return [] }
        let subjects = try subjects(query)
        if let subjects, subjects.isEmpty { return [] }
        var found: [HistoryRecord] = []
        if query.sorts.contains(.result) { found += try results(query, subjects) }
        if query.sorts.contains(.transition) || query.sorts.contains(.decision) { found += try events(query, subjects) }
        if query.sorts.contains(.attempt) { found += try attempts(query, subjects) }
        // Records with the same time keep the order of their part: the later row first.
        let sorted = found.enumerated().sorted { ($1.element.at, $0.offset) < ($0.element.at, $1.offset) }
        return sorted.prefix(query.limit).map(\.element)
    }

    /// The ids of the subjects that match a query; nil means all.
    private func subjects(_ query: HistoryQuery) throws -> [Int64]? {
        guard query.subject != nil || query.server != nil else { return nil }
        let rows = try Row.fetchCursor(db, sql: "SELECT id, identity, server FROM subject")
        var ids: [Int64] = []
        while let row = try rows.next() {
            guard let (id, identity, server): (Int64, String, String) = try? (row.value(0), row.value(1), row.value(2)) else { continue }
            let isMeant = query.subject.map { Self.isMeant(identity, by: $0) } ?? true
            if isMeant, query.server.map({ Self.isServer(server, $0) }) ?? true { ids.append(id) }
        }
        return ids
    }

    private static func isMeant(_ identity: String, by text: String) -> Bool {
        let named = ProbeIdentity(printed: identity)
        // A health set matches all its probes and monitors; a responder has no health set.
        return named.healthSet.lowercased() == text.lowercased() || named.isMeant(by: text)
    }

    private static func isServer(_ server: String, _ wanted: String) -> Bool {
        let (server, wanted) = (server.lowercased(), wanted.lowercased())
        return server == wanted || !wanted.isEmpty && server.hasPrefix(wanted + ".")
    }

    private func results(_ query: HistoryQuery, _ subjects: [Int64]?) throws -> [HistoryRecord] {
        try rows(
            query, subjects, ["subject"],
            "SELECT r.at, s.identity, s.server, r.type, r.reason, r.sentence, r.duration, r.sample FROM result r JOIN subject s ON s.id = r.subject"
        ).compactMap { row in
            try? HistoryRecord(
                at: Date(milliseconds: row.value(0)), sort: .result, subject: row.value(1), server: row.value(2),
                what: ResultType(rawValue: row.value(3))?.name ?? "", reason: row.value(4), sentence: row.value(5),
                durationSeconds: Double(row.value(6) as Int64) / 1_000_000, sampleValue: row.value(7))
        }
    }

    private func events(_ query: HistoryQuery, _ subjects: [Int64]?) throws -> [HistoryRecord] {
        let sorts = query.sorts.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        return try rows(
            query, subjects, ["subject"],
            "SELECT r.at, s.identity, s.server, r.sort, r.what, r.reason, r.sentence FROM event r JOIN subject s ON s.id = r.subject",
            "r.sort IN (\(sorts))", isApart: true
        ).compactMap { row in
            try? HistoryRecord(
                at: Date(milliseconds: row.value(0)), sort: HistoryQuery.Sort(rawValue: row.value(3)) ?? .decision,
                subject: row.value(1), server: row.value(2), what: row.value(4), reason: row.value(5), sentence: row.value(6))
        }
    }

    private func attempts(_ query: HistoryQuery, _ subjects: [Int64]?) throws -> [HistoryRecord] {
        try rows(
            query, subjects, ["responder", "monitor"],
            "SELECT r.at, s.identity, s.server, r.what, r.sentence FROM attempt r JOIN subject s ON s.id = r.responder"
        ).compactMap { row in
            try? HistoryRecord(
                at: Date(milliseconds: row.value(0)), sort: .attempt, subject: row.value(1), server: row.value(2), what: row.value(3),
                sentence: row.value(4))
        }
    }

    private func rows(
        _ query: HistoryQuery, _ subjects: [Int64]?, _ columns: [String], _ select: String, _ further: String = "1", isApart: Bool = false
    ) throws -> [Row] {
        let since = (query.since ?? .distantPast).milliseconds
        let until = (query.until ?? .distantFuture).milliseconds
        func fetch(_ condition: String) throws -> [Row] {
            try Row.fetchAll(
                db,
                sql: """
                    \(select) WHERE \(condition) AND \(further) AND r.at >= ? AND r.at <= ? ORDER BY r.at DESC, r.rowid DESC LIMIT ?
                    """, arguments: [since, until, query.limit])
        }
        guard let subjects else { return try fetch("1") }
        if isApart, subjects.count <= Self.subjectsApart {
            return try subjects.flatMap { try fetch("r.subject = \($0)") }
        }
        let list = subjects.map(String.init).joined(separator: ", ")
        // The unary plus makes SQLite use the index by time, which yields the newest first.
        return try fetch("(" + columns.map { "+r.\($0) IN (\(list))" }.joined(separator: " OR ") + ")")
    }

    // MARK: Durable state

    /// Reads the durable state as far as possible.
    /// - Parameter faults: receives the errors of queries that failed; bodies that cannot be decoded are skipped.
    func truth(at now: Date, _ faults: inout [any Error]) -> DurableState {
        var truth = DurableState()
        func read<Value: Decodable>(_ type: Value.Type, _ sql: String, _ arguments: StatementArguments = [], _ take: (Value) -> Void) {
            do {
                let rows = try Row.fetchCursor(db, sql: sql, arguments: arguments)
                while let row = try rows.next() {
                    // Skip a body that this version cannot decode.
                    if let value = try? Body.decode(type, row.value(0)) { take(value) }
                }
            } catch { faults.append(error) }
        }
        read(Override.self, "SELECT body FROM decision WHERE item = 'override' AND ended IS NULL") { truth.overrides[$0.id] = $0 }
        read(Maintenance.self, "SELECT body FROM decision WHERE item = 'maintenance' AND ended IS NULL") { truth.maintenance[$0.id] = $0 }
        read(Episode.self, "SELECT body FROM episode WHERE \(DurableState.episodeStands(at: now))") {
            truth.episodes[$0.id] = $0
        }
        read(
            Attempt.self, "SELECT body FROM attempt WHERE at >= ? OR \(DurableState.attemptStands(at: now))",
            [(now - DurableState.attemptsKept).milliseconds]
        ) { truth.attempts[$0.id] = $0 }
        return truth
    }
}

extension Row {
    /// The value of a column.
    /// - Throws: if it is of another type, as in a damaged file. A subscript would end the process.
    func value<Value: DatabaseValueConvertible & StatementColumnConvertible>(_ index: Int) throws -> Value {
        try decode(Value.self, atIndex: index)
    }
}
