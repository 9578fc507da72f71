import GRDB
import Glibc
import Probing

/// The open database: one writer and concurrent readers.
final class HistoryFile {
    enum Ownership {
        case ours
        /// The file at the path is not the open one, or has been overwritten.
        case anothers
    }

    private static let readers = 2
    private static let magic = Array("SQLite format 3\0".utf8)

    let path: String
    /// Safe to read from on any thread.
    let pool: DatabasePool
    /// Kept open as long as the pool: closing any descriptor of a file releases all locks of this process on it.
    private let descriptor: Int32
    private var subjects: [ProbeKey: Int64] = [:]
    /// Whether a commit has not been synced to disk.
    private var isUnsynced = false

    /// Opens the existing file and runs the migrations.
    init(path: String, maximumBytes: Int) throws {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw StorageFault(errno: errno, doing: "opening \(path)") }
        // SQLite creates its log files with the same mode.
        fchmod(descriptor, 0o600)
        do {
            pool = try DatabasePool(path: path, configuration: Self.configuration(maximumBytes: maximumBytes))
            try Schema.migrator.migrate(pool)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }

    static func configuration(maximumBytes: Int) -> Configuration {
        var configuration = Configuration()
        configuration.label = "history"
        configuration.maximumReaderCount = readers
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(1)
        configuration.prepareDatabase { db in
            // Sorting must not fail because the disk for temporary files is full.
            try db.execute(sql: "PRAGMA temp_store = MEMORY")
            // Negative values are KiB. Rows are written and read sequentially: a larger cache would hardly be hit.
            try db.execute(sql: "PRAGMA cache_size = -512")
            if !db.configuration.readonly { try Schema.prepare(db, maximumBytes: maximumBytes) }
        }
        return configuration
    }

    /// Whether the open file is still the one at the path. SQLite itself would continue to use a deleted file, and would notice an
    /// overwritten one only on its next read.
    var place: Ownership {
        var (there, open) = (stat(), stat())
        guard stat(path, &there) == 0, fstat(descriptor, &open) == 0, there.st_ino == open.st_ino, there.st_dev == open.st_dev else {
            return .anothers
        }
        var start = [UInt8](repeating: 0, count: Self.magic.count)
        return pread(descriptor, &start, start.count, 0) == start.count && start == Self.magic ? .ours : .anothers
    }

    /// Size in bytes of the file and its write-ahead log.
    var bytes: Int { [path, path + "-wal"].map(Self.size).reduce(0, +) }

    private static func size(_ path: String) -> Int {
        var state = stat()
        return stat(path, &state) == 0 ? Int(state.st_size) : 0
    }

    /// Writes a batch in one transaction.
    /// - Parameter isTrial: writes something even if the batch is empty, to test whether writing is possible again.
    /// - Returns: the durable state after the batch.
    func write(_ batch: PendingEntries.Batch, after truth: DurableState, isTrial: Bool) throws -> DurableState {
        let isEmpty = batch.records.isEmpty && batch.results.isEmpty && !isTrial
        guard !isEmpty || batch.isDurable && isUnsynced else { return truth }
        var next = truth
        let known = subjects
        subjects = [:]
        subjects = try pool.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA synchronous = \(batch.isDurable ? "FULL" : "NORMAL")")
            if isEmpty {
                try db.checkpoint(.passive)
                return known
            }
            var rows = EntryRows(db, subjects: known)
            try db.inTransaction(.immediate) {
                if isTrial { try db.execute(sql: "PRAGMA user_version = 1") }
                for record in batch.records { try rows.write(record.entry, &next) }
                for row in batch.results { try rows.write(row) }
                return .commit
            }
            return rows.subjects
        }
        isUnsynced = !batch.isDurable
        return next
    }

    /// Deletes one slice of rows.
    /// - Returns: whether there is more to delete.
    func prune(_ retention: Retention) throws -> Bool {
        try pool.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA synchronous = NORMAL")
            let more = try retention.slice(db)
            if more.droppedSubjects { subjects = [:] }
            return more.isMore
        }
    }

    /// - Parameter isLast: whether to merge the write-ahead log into the file first.
    func close(isLast: Bool = false) {
        if isLast, place == .ours { _ = try? pool.writeWithoutTransaction { try $0.checkpoint(.truncate) } }
        try? pool.close()
        Glibc.close(descriptor)
    }
}
