import Documents
import FoundationEssentials
import GRDB
import Glibc
import HealthManager
import Logging

/// The place of the database: opens what is there, sets aside what can't be read, begins new ones.
///
/// A new file is made complete, with all that stands, before it takes its place: whenever the process dies, a whole file is there.
struct HistoryDirectory {
    private static let setAsideKept = 5

    let path: String
    let maximumBytes: Int
    let time: any TimeSource
    let logger: Logger

    var database: String { path + "/history.db" }
    private var unfinished: String { database + ".making" }
    private var finished: String { database + ".new" }

    /// Opens the database, or a new one that begins with what stands.
    /// - Parameter truth: what is known to stand; what the file itself says is added where nothing is known yet.
    func open(_ truth: inout StandingTruth, isFirst: Bool) throws(StorageFault) -> HistoryFile {
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

    /// What stands in a file that can only be read.
    func readOnly() -> StandingTruth? {
        var configuration = Configuration()
        configuration.readonly = true
        let escaped = database.replacing("%", with: "%25").replacing("?", with: "%3f").replacing("#", with: "%23")
        guard (try? refuseOddFiles()) != nil else { return nil }
        // Where no log can be made beside it, SQLite reads a file only as one that nobody changes; which is what it is.
        for name in [database, "file:\(escaped)?immutable=1"] where exists(database) {
            var faults: [any Error] = []
            let truth = try? DatabaseQueue(path: name, configuration: configuration).read {
                HistoryReader(db: $0).truth(at: time.now, &faults)
            }
            if let truth, faults.isEmpty { return truth }
        }
        return nil
    }

    /// Puts a new file, with all that stands, in the place of whatever is there, which is set aside.
    func renew(_ truth: StandingTruth) throws {
        try build(truth)
        try takePlace()
    }

    private func build(_ truth: StandingTruth) throws {
        for suffix in ["", "-journal"] { unlink(unfinished + suffix) }
        let descriptor = Glibc.open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StorageFault(errno: errno, doing: "making \(unfinished)") }
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
            // Leavings of a file that is gone: a new one would take them for its own.
            for suffix in ["-wal", "-shm"] { unlink(database + suffix) }
            return
        }
        let stamp = time.now.formatted(.iso8601).replacing(":", with: "")
        let names = (1...).lazy.map { database + ".broken-" + stamp + ($0 == 1 ? "" : "-\($0)") }
        guard let name = names.first(where: { !exists($0) }) else { return }
        for suffix in ["-wal", "-shm", ""] where exists(database + suffix) { try rename(database + suffix, name + suffix) }
        logger.warning("the history can't be read any more: it is set aside, and a new one begun", metadata: ["kept": "\(name)"])
        forgetOldest()
    }

    /// A disk that breaks one file after the other must not be filled with them.
    private func forgetOldest() {
        let all = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { $0.hasPrefix("history.db.broken-") }
        let whole = all.filter { !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm") }.sorted()
        for name in whole.dropLast(Self.setAsideKept) {
            for suffix in ["", "-wal", "-shm"] { unlink(path + "/" + name + suffix) }
        }
    }

    /// SQLite would wait for ever for who writes into a pipe, and follow a link to wherever it leads.
    private func refuseOddFiles() throws {
        for name in [database, finished].flatMap({ name in ["", "-wal", "-shm", "-journal"].map { name + $0 } }) {
            var status = stat()
            guard lstat(name, &status) == 0 else { continue }
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw StorageFault(
                    "no history can be written: \(name) is \(RegularFile.shape(status.st_mode) ?? ""), a regular file is needed")
            }
            if status.st_mode & 0o077 != 0 { chmod(name, 0o600) }
        }
    }

    private func exists(_ file: String) -> Bool { access(file, F_OK) == 0 }

    private func rename(_ from: String, _ to: String) throws {
        guard Glibc.rename(from, to) == 0 else { throw StorageFault(errno: errno, doing: "renaming \(from)") }
    }
}
