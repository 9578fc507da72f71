import FoundationEssentials
import GRDB

/// What is deleted: what is too old, and the oldest where all is too much. Never what stands.
///
/// Old is what was written long ago by the time the agent has run since, and the oldest is what was written first: dates tell neither.
struct Retention {
    private static let slice = 2000
    private static let vacuumed = 64

    /// Tells what stands for the next process.
    var now: Date
    /// Since ages were last looked at.
    var passed: Duration
    var keepFor: Duration
    var maximumBytes: Int
    /// Whether ages are looked at this time, or only the size.
    var byAge: Bool
    /// Whether names are forgotten that no row bears any more; that reads every row, and is rare.
    var names: Bool

    /// What the log beside the file, and a batch on its way into it, may take of the bytes.
    private var reserve: Int { max(maximumBytes / 10, min(maximumBytes / 4, 1 << 20)) }

    /// Deletes a few thousand rows at most: who waits for a decision to be kept waits for that.
    func slice(_ db: Database) throws -> (isMore: Bool, droppedSubjects: Bool) {
        let ages = RowAges(db: db)
        if byAge, passed > .zero || names { try ages.advance(by: passed, keepFor: max(keepFor, .seconds(StandingTruth.attemptsKept))) }
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

    /// Results first, then what is rarer; attempts and episodes that a new process would ask for stay.
    ///
    /// The last row of a table stays too: SQLite would give its number, which ages go by, to the next.
    private func deleteOldest(_ db: Database, _ ages: RowAges, olderThan age: Duration?) throws -> Bool {
        let tables: [(name: String, atLeast: Duration, further: String)] = [
            ("result", .zero, "1"), ("event", .zero, "1"),
            ("attempt", .seconds(StandingTruth.attemptsKept), "NOT \(StandingTruth.attemptStands(at: now))"),
            ("episode", .seconds(StandingTruth.endedKept), "NOT \(StandingTruth.episodeStands(at: now))"),
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

    /// Forgets names that no row bears any more.
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
