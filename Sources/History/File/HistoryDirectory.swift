import Documents
import FoundationEssentials
import GRDB
import Glibc
import Logging
import Probing

/// The directory of the database: opens the existing file, moves a corrupt one aside, creates new ones.
///
/// A new file is written completely, including the durable state, before it is renamed into place: a complete file exists at any time, even
/// after a crash.
struct HistoryDirectory {
    private static let setAsideKept = 5

    let path: String
    let maximumBytes: Int
    let time: any TimeSource
    let logger: Logger

    var database: String { path + "/history.db" }
    private var unfinished: String { database + ".making" }
    private var finished: String { database + ".new" }

    /// Opens the database, or creates a new one with the durable state.
    /// - Parameter truth: the durable state; replaced by that of the file when it is opened for the first time.
    func open(_ truth: inout DurableState, isFirst: Bool) throws(StorageFault) -> HistoryFile {
        do {
            try refuseOddFiles()
            if exists(finished) { try takePlace() }
            if !exists(database) { try renew(truth) }
            do {
                let file = try HistoryFile(path: database, maximumBytes: maximumBytes)
                guard isFirst else { return file }
                var faults: [any Error] = []
                truth = try file.pool.read { HistoryReader(db: $0).truth(at: time.now, &faults) }
                guard let fault = faults.first else { return file }
                file.close()
                throw fault
            } catch {
                guard StorageFault(error, path: database).isBroken else { throw error }
                try renew(truth)
                return try HistoryFile(path: database, maximumBytes: maximumBytes)
            }
        } catch { throw StorageFault(error, path: database) }
    }

    /// Reads the durable state from a file that cannot be written; nil if it cannot be read completely.
    func readOnly() -> DurableState? {
        var configuration = Configuration()
        configuration.readonly = true
        let escaped = database.replacing("%", with: "%25").replacing("?", with: "%3f").replacing("#", with: "%23")
        guard (try? refuseOddFiles()) != nil else { return nil }
        // If SQLite cannot create the log files, it opens the database only as immutable.
        for name in [database, "file:\(escaped)?immutable=1"] where exists(database) {
            var faults: [any Error] = []
            let truth = try? DatabaseQueue(path: name, configuration: configuration).read {
                HistoryReader(db: $0).truth(at: time.now, &faults)
            }
            if let truth, faults.isEmpty { return truth }
        }
        return nil
    }

    /// Creates a new file with the durable state; an existing file is moved aside.
    func renew(_ truth: DurableState) throws {
        try build(truth)
        try takePlace()
    }

    private func build(_ truth: DurableState) throws {
        for suffix in ["", "-journal"] { unlink(unfinished + suffix) }
        let descriptor = Glibc.open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StorageFault(errno: errno, doing: "creating \(unfinished)") }
        fchmod(descriptor, 0o600)
        close(descriptor)
        let queue = try DatabaseQueue(path: unfinished, configuration: HistoryFile.configuration(maximumBytes: maximumBytes))
        try Schema.migrator.migrate(queue)
        try queue.write { try EntryRows($0).write(truth) }
        try queue.close()
        try rename(unfinished, finished)
    }

    private func takePlace() throws {
        try setAside()
        try rename(finished, database)
        let directory = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        if directory >= 0 {
            fsync(directory)
            close(directory)
        }
    }

    private func setAside() throws {
        guard exists(database) else {
            // Leftovers of a deleted database, which SQLite would apply to a new one.
            for suffix in ["-wal", "-shm"] { unlink(database + suffix) }
            return
        }
        let stamp = time.now.formatted(.iso8601).replacing(":", with: "")
        let names = (1...).lazy.map { database + ".broken-" + stamp + ($0 == 1 ? "" : "-\($0)") }
        guard let name = names.first(where: { !exists($0) }) else { return }
        for suffix in ["-wal", "-shm", ""] where exists(database + suffix) { try rename(database + suffix, name + suffix) }
        logger.warning("the history database cannot be read: moved it aside and created a new one", metadata: ["kept": "\(name)"])
        forgetOldest()
    }

    /// Limits the number of files moved aside, so that a failing disk is not filled with them.
    private func forgetOldest() {
        let all = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { $0.hasPrefix("history.db.broken-") }
        let whole = all.filter { !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm") }.sorted()
        for name in whole.dropLast(Self.setAsideKept) {
            for suffix in ["", "-wal", "-shm"] { unlink(path + "/" + name + suffix) }
        }
    }

    /// Accepts regular files only: SQLite would block on a pipe and follow symbolic links.
    private func refuseOddFiles() throws {
        for name in [database, finished].flatMap({ name in ["", "-wal", "-shm", "-journal"].map { name + $0 } }) {
            var status = stat()
            guard lstat(name, &status) == 0 else { continue }
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw StorageFault(
                    "cannot write history: \(name) is \(RegularFile.shape(status.st_mode) ?? ""), not a regular file")
            }
            if status.st_mode & 0o077 != 0 { chmod(name, 0o600) }
        }
    }

    private func exists(_ file: String) -> Bool { access(file, F_OK) == 0 }

    private func rename(_ from: String, _ to: String) throws {
        guard Glibc.rename(from, to) == 0 else { throw StorageFault(errno: errno, doing: "renaming \(from)") }
    }
}
