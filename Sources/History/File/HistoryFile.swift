import GRDB
import Glibc
import HealthManager

/// The open database: one writer, and readers beside it.
final class HistoryFile {
    enum Place {
        case ours
        /// What lies at the path is not the file that is open, or has been written over.
        case anothers
    }

    private static let readers = 2
    private static let magic = Array("SQLite format 3\0".utf8)

    let path: String
    /// Safe to read from on any thread.
    let pool: DatabasePool
    /// Held open for as long as the pool is: closing any descriptor of a file drops all of this process's locks on it.
    private let descriptor: Int32
    private var subjects: [ProbeKey: Int64] = [:]
    /// Whether something committed has not been forced to disk.
    private var isUnsynced = false

    /// Opens what is there, and brings its tables up to date.
    init(path: String, maximumBytes: Int) throws {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw StorageFault(errno: errno, doing: "opening \(path)") }
        // What SQLite makes beside it is given the same mode.
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
            // A sort must not fail because another disk is full.
            try db.execute(sql: "PRAGMA temp_store = MEMORY")
            // In KiB where negative. Rows are written in their order and read along it: more pages kept would hardly be met again.
            try db.execute(sql: "PRAGMA cache_size = -512")
            if !db.configuration.readonly { try Schema.prepare(db, maximumBytes: maximumBytes) }
        }
        return configuration
    }

    /// SQLite itself would go on in a file that was removed, and not see one that was written over before it reads there.
    var place: Place {
        var (there, open) = (stat(), stat())
        guard stat(path, &there) == 0, fstat(descriptor, &open) == 0, there.st_ino == open.st_ino, there.st_dev == open.st_dev else {
            return .anothers
        }
        var start = [UInt8](repeating: 0, count: Self.magic.count)
        return pread(descriptor, &start, start.count, 0) == start.count && start == Self.magic ? .ours : .anothers
    }

    /// Of the file and what is not yet merged into it.
    var bytes: Int { [path, path + "-wal"].map(Self.size).reduce(0, +) }

    private static func size(_ path: String) -> Int {
        var state = stat()
        return stat(path, &state) == 0 ? Int(state.st_size) : 0
    }

    /// Writes a batch in one transaction.
    /// - Parameter isTrial: something is written in any case, to see whether that is possible again.
    /// - Returns: what stands afterwards.
    func write(_ batch: PendingEntries.Batch, after truth: StandingTruth, isTrial: Bool) throws -> StandingTruth {
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

    /// Does one small piece of pruning.
    /// - Returns: whether there is more to do.
    func prune(_ retention: Retention) throws -> Bool {
        try pool.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA synchronous = NORMAL")
            let more = try retention.slice(db)
            if more.droppedSubjects { subjects = [:] }
            return more.isMore
        }
    }

    /// - Parameter isLast: what is in the log beside the file is merged into it first.
    func close(isLast: Bool = false) {
        if isLast, place == .ours { _ = try? pool.writeWithoutTransaction { try $0.checkpoint(.truncate) } }
        try? pool.close()
        Glibc.close(descriptor)
    }
}
