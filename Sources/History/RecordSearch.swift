import FoundationEssentials
import GRDB
import HealthManager

/// A question to the past, as SQL.
struct RecordSearch {
    private var conditions: [String] = []
    private var arguments: [(any DatabaseValueConvertible)?] = []
    private let limit: Int

    init(_ query: HistoryQuery) {
        limit = query.limit
        let sorts = query.sorts.map { _ in "?" }.joined(separator: ",")
        add("sort IN (\(sorts))", query.sorts.map(\.rawValue))
        if let since = query.since { add("at >= ?", [since.timeIntervalSince1970]) }
        if let until = query.until { add("at <= ?", [until.timeIntervalSince1970]) }
        if let server = query.server {
            add("lower(substr(server, 1, ?)) = ?", [server.count, server.lowercased()])
        }
        guard let subject = query.subject?.lowercased().replacing("/", with: "\\") else { return }
        // The whole of it, its name alone, or all of its targets.
        add("instr('\\' || lower(replace(subject, '/', '\\')) || '\\', '\\' || ? || '\\') > 0", [subject])
    }

    private mutating func add(_ condition: String, _ values: [any DatabaseValueConvertible]) {
        conditions.append(condition)
        arguments += values.map { Optional($0) }
    }

    func run(_ database: Database) throws -> [HistoryRecord] {
        let rows = try Row.fetchAll(
            database, sql: "SELECT * FROM records WHERE \(conditions.joined(separator: " AND ")) ORDER BY at DESC, id DESC LIMIT ?",
            arguments: StatementArguments(arguments + [limit]))
        return rows.compactMap { row in
            guard let sort = HistoryQuery.Sort(rawValue: row["sort"]) else { return nil }
            return HistoryRecord(
                at: Date(timeIntervalSince1970: row["at"]), sort: sort, subject: row["subject"], server: row["server"], what: row["what"],
                reason: row["reason"], sentence: row["sentence"], durationSeconds: row["duration"], sampleValue: row["sample"])
        }
    }
}
