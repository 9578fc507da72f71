import FoundationEssentials
import GRDB

/// Deletes rows that are too old, and the oldest ones if the file is too large, but never the durable state.
///
/// Age is measured by the run time of the agent (`RowAges`) and order by rowid; the dates in the rows are not used.
struct Retention {
    private static let slice = 2000
    private static let vacuumed = 64

    /// Decides which episodes and attempts are still needed.
    var now: Date
    /// Run time since rows were last pruned by age.
    var passed: Duration
    var keepFor: Duration
    var maximumBytes: Int
    /// Whether to prune by age, not only by size.
    var byAge: Bool
    /// Whether to delete unused subjects; this reads every row and is done rarely.
    var names: Bool

    /// The part of `maximumBytes` reserved for the write-ahead log and the next batch.
    private var reserve: Int { max(maximumBytes / 10, min(maximumBytes / 4, 1 << 20)) }

    /// Deletes at most a few thousand rows, since callers of `persist` wait meanwhile.
    func slice(_ db: Database) throws -> (isMore: Bool, droppedSubjects: Bool) {
        let ages = RowAges(db: db)
        if byAge, passed > .zero || names { try ages.advance(by: passed, keepFor: max(keepFor, .seconds(DurableState.attemptsKept))) }
        let size = try number(db, "page_size")
        let free = try number(db, "freelist_count")
        let pages = try number(db, "page_count")
        if (pages - free) * size > maximumBytes - reserve { return (try deleteOldest(db, ages, olderThan: nil), false) }
        if pages * size > maximumBytes - reserve / 2, free > 0 {
            try db.execute(sql: "PRAGMA incremental_vacuum(\(Self.vacuumed))")
            return (true, false)
        }
        guard byAge else { return (false, false) }
        if try deleteOldest(db, ages, olderThan: keepFor) { return (true, false) }
        return (false, try names && deleteSubjects(db))
    }

    private func number(_ db: Database, _ pragma: String) throws -> Int { try Int.fetchOne(db, sql: "PRAGMA \(pragma)") ?? 0 }

    /// Deletes results first, then the rarer kinds of rows; attempts and episodes that would be restored are kept.
    ///
    /// The last row of a table is kept too: SQLite would reuse its rowid, which ages refer to.
    private func deleteOldest(_ db: Database, _ ages: RowAges, olderThan age: Duration?) throws -> Bool {
        let tables: [(name: String, atLeast: Duration, further: String)] = [
            ("result", .zero, "1"), ("event", .zero, "1"),
            ("attempt", .seconds(DurableState.attemptsKept), "NOT \(DurableState.attemptStands(at: now))"),
            ("episode", .seconds(DurableState.endedKept), "NOT \(DurableState.episodeStands(at: now))"),
            ("decision", .zero, "ended IS NOT NULL"),
        ]
        for (table, least, further) in tables {
            let needed = max(age ?? .zero, least)
            let last = age == nil && least == .zero ? Int64.max : try ages.last(of: table, before: needed)
            try db.execute(
                sql: """
                    DELETE FROM \(table) WHERE rowid IN
                        (SELECT rowid FROM \(table) WHERE rowid <= ? AND rowid < (SELECT max(rowid) FROM \(table)) AND \(further)
                            ORDER BY rowid LIMIT \(Self.slice))
                    """, arguments: [last])
            if db.changesCount > 0 { return true }
        }
        return false
    }

    /// Deletes subjects that no row refers to.
    private func deleteSubjects(_ db: Database) throws -> Bool {
        try db.execute(
            sql: """
                DELETE FROM subject WHERE id NOT IN (
                    SELECT subject FROM result UNION SELECT subject FROM event
                    UNION SELECT responder FROM attempt UNION SELECT monitor FROM attempt)
                """)
        return db.changesCount > 0
    }
}
