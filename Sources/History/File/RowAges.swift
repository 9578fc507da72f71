import GRDB

/// The age of rows, measured as the time the agent has run since they were written: independent of changes of the system clock.
struct RowAges {
    private static let tables = ["result", "event", "attempt", "episode", "decision"]
    private static let marksKept = 500
    private static let closest: Duration = .seconds(60)

    let db: Database

    /// Adds to the run time and, at intervals, records the last row of each table.
    /// - Parameter keepFor: the maximum age that will be queried; older marks are deleted.
    func advance(by passed: Duration, keepFor: Duration) throws {
        try db.execute(sql: "UPDATE lived SET seconds = seconds + ?", arguments: [passed / .seconds(1)])
        let lived = try Double.fetchOne(db, sql: "SELECT seconds FROM lived") ?? 0
        let spacing = max(Self.closest, keepFor / Self.marksKept) / .seconds(1)
        if let last = try Double.fetchOne(db, sql: "SELECT max(lived) FROM mark"), lived - last < spacing { return }
        let columns = Self.tables.map { "(SELECT coalesce(max(rowid), 0) FROM \($0))" }.joined(separator: ", ")
        try db.execute(sql: "INSERT INTO mark (lived, \(Self.tables.joined(separator: ", "))) SELECT ?, \(columns)", arguments: [lived])
        try db.execute(
            sql: "DELETE FROM mark WHERE lived < (SELECT max(lived) FROM mark WHERE lived <= ?)", arguments: [lived - keepFor / .seconds(1)]
        )
    }

    /// The rowid of the last row of a table that is at least this old; 0 if none is known.
    func last(of table: String, before age: Duration) throws -> Int64 {
        try Int64.fetchOne(
            db, sql: "SELECT \(table) FROM mark WHERE lived <= (SELECT seconds FROM lived) - ? ORDER BY lived DESC LIMIT 1",
            arguments: [age / .seconds(1)]) ?? 0
    }
}
