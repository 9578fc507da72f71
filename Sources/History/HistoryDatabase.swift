import FoundationEssentials
import GRDB
import Glibc
import HealthManager

/// The file: opened, brought to today's schema, written, read and pruned. Every call runs on the database's own queue.
final class HistoryDatabase: Sendable {
    /// Lines removed at once: a slice of a few milliseconds.
    private static let slice = 2000

    let path: String
    private let queue: DatabaseQueue
    private let inode: UInt64

    /// - Throws: `HistoryFault`.
    init(path: String) throws {
        self.path = path
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(1)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 4194304")
        }
        do {
            // It can be set only while the file is empty.
            var first = configuration
            first.journalMode = .default
            if (Self.attributes(path)?.size ?? 0) == 0 {
                try DatabaseQueue(path: path, configuration: first).inDatabase {
                    try $0.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL; VACUUM")
                }
            }
            queue = try DatabaseQueue(path: path, configuration: configuration)
            try HistorySchema.migrator.migrate(queue)
        } catch { throw HistoryFault(error, path: path) }
        chmod(path, 0o600)
        inode = Self.attributes(path)?.inode ?? 0
    }

    /// Whether the path still names the file that is open, and that still is a database.
    var isInPlace: Bool {
        guard let now = Self.attributes(path), now.inode == inode else { return false }
        return Self.isDatabase(path)
    }

    /// Commits entries together.
    func write(_ entries: [JournalEntry], standing: [Standing.Item] = []) async throws {
        try await guarded { database in
            for item in standing { try Self.store(item, database) }
            for entry in entries { try Self.store(entry, database) }
        }
    }

    /// Commits one entry so that it outlives also a loss of power.
    func keep(_ entry: JournalEntry) async throws {
        do {
            try await queue.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = FULL")
                defer { try? database.execute(sql: "PRAGMA synchronous = NORMAL") }
                try database.inTransaction(.immediate) {
                    try Self.store(entry, database)
                    return .commit
                }
            }
        } catch { throw HistoryFault(error, path: path) }
    }

    func restore() throws -> Carried {
        do { return try queue.read { try Self.carried($0) } } catch { throw HistoryFault(error, path: path) }
    }

    func records(_ query: HistoryQuery) async throws -> [HistoryRecord] {
        do { return try await queue.read { try RecordSearch(query).run($0) } } catch { throw HistoryFault(error, path: path) }
    }

    /// Takes out a slice of what is too old, or too much.
    /// - Returns: the size of the file in bytes, and whether there is more to take out.
    func prune(_ settings: HistorySettings, at now: Date) async throws -> (bytes: Int, hasMore: Bool) {
        let oldest = now.timeIntervalSince1970 - settings.keepFor / .seconds(1)
        return try await guarded { database in
            try database.execute(
                sql: "DELETE FROM records WHERE id IN (SELECT id FROM records WHERE at < ? ORDER BY at LIMIT ?)",
                arguments: [oldest, Self.slice])
            var hasMore = database.changesCount == Self.slice
            let size = try Self.number("page_size", database)
            let used = (try Self.number("page_count", database) - Self.number("freelist_count", database)) * size
            if used > settings.maximumBytes {
                // Results first; then whatever else is oldest.
                for condition in ["sort = 'result'", "1"] {
                    try database.execute(
                        sql: "DELETE FROM records WHERE id IN (SELECT id FROM records WHERE \(condition) ORDER BY at LIMIT ?)",
                        arguments: [Self.slice])
                    if database.changesCount > 0 { break }
                }
                hasMore = hasMore || database.changesCount == Self.slice
            }
            for item in try Row.fetchAll(
                database, sql: "SELECT key, json, sort FROM standing WHERE at < ?",
                arguments: [now.timeIntervalSince1970 - Standing.attemptsKept])
            {
                if try Self.isOver(item) {
                    try database.execute(sql: "DELETE FROM standing WHERE key = ?", arguments: [item["key"] as String])
                }
            }
            try database.execute(sql: "PRAGMA incremental_vacuum(1000)")
            return (try Self.number("page_count", database) * size, hasMore)
        }
    }

    // MARK: Within

    private func guarded<Value: Sendable>(_ act: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do { return try await queue.write(act) } catch { throw HistoryFault(error, path: path) }
    }

    private static func number(_ pragma: String, _ database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "PRAGMA \(pragma)") ?? 0
    }

    private static func store(_ entry: JournalEntry, _ database: Database) throws {
        switch entry {
        case .result, .transition: break
        case .episode(let episode): try store(Standing.Item.episode(episode), database)
        case .attempt(let attempt): try store(Standing.Item.attempt(attempt), database)
        case .override(let override): try store(Standing.Item.override(override), database)
        case .maintenance(let maintenance): try store(Standing.Item.maintenance(maintenance), database)
        case .overrideEnded(let override, _, _): try remove(Standing.Item.override(override), database)
        case .maintenanceEnded(let maintenance, _, _): try remove(Standing.Item.maintenance(maintenance), database)
        }
        guard let row = RecordRow(entry) else { return }
        let record = row.record
        try database.cachedStatement(
            sql: """
                INSERT INTO records (at, sort, subject, server, what, reason, sentence, duration, sample, key) VALUES (?,?,?,?,?,?,?,?,?,?)
                ON CONFLICT (key) DO UPDATE SET what = excluded.what, sentence = excluded.sentence
                """
        ).execute(arguments: [
            record.at.timeIntervalSince1970, record.sort.rawValue, record.subject, record.server, record.what, record.reason,
            record.sentence, record.durationSeconds, record.sampleValue, row.key,
        ])
    }

    private static func store(_ item: Standing.Item, _ database: Database) throws {
        let (sort, at, bytes): (String, Date, [UInt8]) =
            switch item {
            case .override(let override): ("override", override.at, try encode(override))
            case .maintenance(let maintenance): ("maintenance", maintenance.at, try encode(maintenance))
            case .episode(let episode): ("episode", episode.ended ?? episode.began, try encode(episode))
            case .attempt(let attempt): ("attempt", attempt.at, try encode(attempt))
            }
        try database.cachedStatement(
            sql: """
                INSERT INTO standing (key, id, sort, at, json) VALUES (?,?,?,?,?)
                ON CONFLICT (key) DO UPDATE SET id = excluded.id, at = excluded.at, json = excluded.json
                """
        ).execute(arguments: [item.key, item.id.uuidString, sort, at.timeIntervalSince1970, String(decoding: bytes, as: UTF8.self)])
    }

    /// What has taken its place meanwhile stays.
    private static func remove(_ item: Standing.Item, _ database: Database) throws {
        try database.cachedStatement(sql: "DELETE FROM standing WHERE key = ? AND id = ?").execute(arguments: [item.key, item.id.uuidString])
    }

    private static func carried(_ database: Database) throws -> Carried {
        var carried = Carried()
        for row in try Row.fetchAll(database, sql: "SELECT sort, json FROM standing ORDER BY at") {
            let json = Array((row["json"] as String).utf8)
            switch row["sort"] as String {
            case "override": carried.overrides.append(try decode(Override.self, json))
            case "maintenance": carried.maintenance.append(try decode(Maintenance.self, json))
            case "episode": carried.episodes.append(try decode(Episode.self, json))
            case "attempt": carried.attempts.append(try decode(Attempt.self, json))
            default: break
            }
        }
        return carried
    }

    private static func isOver(_ row: Row) throws -> Bool {
        switch row["sort"] as String {
        case "attempt": true
        case "episode": try decode(Episode.self, Array((row["json"] as String).utf8)).ended != nil
        default: false
        }
    }

    /// Dates keep their fractions here: what is restored is what was.
    private static func encode(_ value: some Encodable) throws -> [UInt8] { Array(try JSONEncoder().encode(value)) }

    private static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }

    static func attributes(_ path: String) -> (inode: UInt64, size: Int)? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return (UInt64(status.st_ino), Int(status.st_size))
    }

    private static func isDatabase(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var head = [UInt8](repeating: 0, count: 16)
        return pread(descriptor, &head, head.count, 0) == head.count && head == Array("SQLite format 3\0".utf8)
    }
}
