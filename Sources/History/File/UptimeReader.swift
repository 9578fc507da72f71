import FoundationEssentials
import GRDB
import Monitoring
import Probing

/// Counts the results of every probe within the windows of `UptimeShares`.
struct UptimeReader {
    let db: Database

    /// Reads each result of the longest window once.
    func shares(at date: Date) throws -> [String: UptimeShares] {
        let since = UptimeShares.windows.map { (date - $0).milliseconds }
        let judged = "r.type NOT IN (\(ResultType.rejected.rawValue), \(ResultType.quarantined.rawValue))"
        let columns = since.flatMap { begin in
            ["sum(r.at >= \(begin) AND \(judged))", "sum(r.at >= \(begin) AND r.type = \(ResultType.succeeded.rawValue))"]
        }
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT s.identity, s.server, \(columns.joined(separator: ", ")) FROM result r JOIN subject s ON s.id = r.subject
                WHERE r.at >= ? AND r.at <= ? GROUP BY r.subject
                """, arguments: [since.min() ?? 0, date.milliseconds])
        var shares: [String: UptimeShares] = [:]
        while let row = try rows.next() {
            let counts = since.indices.map { (judged: row[2 + 2 * $0] as Int, succeeded: row[3 + 2 * $0] as Int) }
            shares[UptimeShares.name(row[0], row[1])] = UptimeShares(counts: counts)
        }
        return shares
    }
}
