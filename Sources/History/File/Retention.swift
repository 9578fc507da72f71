import FoundationEssentials
import GRDB

/// What is deleted: what is too old, and the oldest where all is too much. Never what stands.
struct Retention {
    private static let slice = 2000
    private static let vacuumed = 64

    var now: Date
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
        let size = try number(db, "page_size")
        let free = try number(db, "freelist_count")
        let pages = try number(db, "page_count")
        if (pages - free) * size > maximumBytes - reserve { return (try deleteOldest(db, before: nil), false) }
        if pages * size > maximumBytes - reserve / 2, free > 0 {
            try db.execute(sql: "PRAGMA incremental_vacuum(\(Self.vacuumed))")
            return (true, false)
        }
        guard byAge else { return (false, false) }
        if try deleteOldest(db, before: now - keepFor / .seconds(1)) { return (true, false) }
        return (false, try names && deleteSubjects(db))
    }

    private func number(_ db: Database, _ pragma: String) throws -> Int { try Int.fetchOne(db, sql: "PRAGMA \(pragma)") ?? 0 }

    /// Results first, then what is rarer; attempts and episodes that a new process would ask for stay.
    private func deleteOldest(_ db: Database, before date: Date?) throws -> Bool {
        let limit = date ?? .distantFuture
        let tables = [
            ("result", "at", limit, "1"), ("event", "at", limit, "1"),
            ("attempt", "at", min(limit, now - StandingTruth.attemptsKept), "NOT \(StandingTruth.attemptStands(at: now))"),
            ("episode", "ended", min(limit, now - StandingTruth.endedKept), "1"), ("decision", "ended", limit, "1"),
        ]
        for (table, time, limit, further) in tables {
            try db.execute(
                sql: """
                    DELETE FROM \(table) WHERE rowid IN
                        (SELECT rowid FROM \(table) WHERE \(time) IS NOT NULL AND \(time) < ? AND \(further)
                            ORDER BY \(time) LIMIT \(Self.slice))
                    """, arguments: [limit.milliseconds])
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
