import FoundationEssentials
import GRDB
import Monitoring
import Probing

/// Counts the results of every probe within the windows of `UptimeShares`.
struct UptimeReader {
    let db: Database

    /// Reads each result of the longest window once. Rows that only a damaged file contains are left out.
    func shares(at date: Date) throws -> [String: UptimeShares] {
        let since = UptimeShares.windows.map { (date - $0).milliseconds }
        let judged = "r.type NOT IN (\(ResultType.rejected.rawValue), \(ResultType.quarantined.rawValue))"
        let columns = since.flatMap { begin in
            ["total(r.at >= \(begin) AND \(judged))", "total(r.at >= \(begin) AND r.type = \(ResultType.succeeded.rawValue))"]
        }
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT s.identity, s.server, \(columns.joined(separator: ", ")) FROM result r JOIN subject s ON s.id = r.subject
                WHERE r.at >= ? AND r.at <= ? GROUP BY r.subject
                """, arguments: [since.min() ?? 0, date.milliseconds])
        var shares: [String: UptimeShares] = [:]
        while let row = try rows.next() {
            guard let (identity, server): (String, String) = try? (row.value(0), row.value(1)) else { continue }
            // A total is a number even where a damaged file contains none.
            let counts = since.indices.map { index in
                (judged: Int(row[2 + 2 * index] as Double), succeeded: Int(row[3 + 2 * index] as Double))
            }
            shares[UptimeShares.name(identity, server)] = UptimeShares(counts: counts)
        }
        return shares
    }
}
