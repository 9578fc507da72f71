import Concurrency
import FoundationEssentials
import GRDB
import Monitoring
import Probing

/// Writes batches to the database file and replaces the file if it is corrupt. Runs on its own thread, since SQLite blocks on the disk.
actor HistoryWriter {
    enum Written {
        case committed(bytes: Int)
        case failed(String)
    }

    private static let agesLookedAt: Duration = .seconds(60)
    private static let namesLookedAt: Duration = .seconds(86400)

    private let thread = ThreadExecutor("history")
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private let directory: HistoryDirectory
    private let settings: HistorySettings
    private let time: any TimeSource
    private var file: HistoryFile?
    private var truth = DurableState()
    private var problem: String?
    /// `TimeSource.elapsed` when rows were last pruned by age.
    private var aged: Duration
    private var nextAges: Duration = .zero
    private var doubt: DateDoubt
    private var nextNames: Duration = .zero

    /// Opens the file immediately.
    /// - Parameter told: called once with the state of an earlier process, the problem if the file cannot be written, its size in bytes,
    ///   and the pool to read from.
    init(
        _ directory: HistoryDirectory, settings: HistorySettings, time: any TimeSource,
        told: (RestoredState, String?, Int, DatabasePool?) -> Void
    ) {
        self.directory = directory
        self.settings = settings
        self.time = time
        aged = time.elapsed
        doubt = DateDoubt(at: time.elapsed, time.now)
        var truth = DurableState()
        var problem: String?
        var opened: HistoryFile?
        do throws(StorageFault) { opened = try directory.open(&truth, isFirst: true) } catch {
            problem = error.sentence
            truth = directory.readOnly() ?? truth
        }
        told(truth.restored(at: time.now), problem, opened?.bytes ?? 0, opened?.pool)
        file = opened
        self.truth = truth
        self.problem = problem
    }

    /// The pool to read history from; nil while no file is open.
    var pool: DatabasePool? { file?.pool }

    /// Writes a batch, completely or not at all. A corrupt file is replaced by a new one, and the batch is written there.
    func write(_ batch: PendingEntries.Batch) -> Written {
        do throws(StorageFault) {
            do throws(StorageFault) { try attempt(batch) } catch {
                guard error.isBroken else { throw error }
                try beginAnew()
                try attempt(batch)
            }
        } catch {
            problem = error.sentence
            return .failed(error.sentence)
        }
        problem = nil
        return .committed(bytes: file?.bytes ?? 0)
    }

    private func attempt(_ batch: PendingEntries.Batch) throws(StorageFault) {
        if let file, file.place == .anothers { throw StorageFault("\(file.path) was replaced", isBroken: true) }
        if file == nil { file = try directory.open(&truth, isFirst: false) }
        guard let file else { return }
        do { truth = try file.write(batch, after: truth, isTrial: problem != nil) } catch {
            let fault = StorageFault(error, path: file.path)
            // With a full disk, history can still be read; after any other error, reopen the file.
            if !fault.isFull, !fault.isBroken { close() }
            throw fault
        }
    }

    /// Renames the old file before closing it: on close, SQLite would merge the log into the new file.
    private func beginAnew() throws(StorageFault) {
        do { try directory.renew(truth) } catch { throw StorageFault(error, path: directory.database) }
        file?.close()
        file = nil
    }

    /// Deletes a limited number of rows that exceed the limits on age or size.
    /// - Returns: whether there is more to delete.
    func prune() -> Bool {
        guard let file, problem == nil, file.place == .ours else { return false }
        let byAge = nextAges <= time.elapsed
        let retention = Retention(
            now: time.now, passed: time.elapsed - aged, keepFor: settings.keepFor, maximumBytes: settings.maximumBytes, byAge: byAge,
            names: byAge && nextNames <= time.elapsed)
        let elapsed = time.elapsed
        // An error is not reported here: the next batch will fail as well and report it.
        let isMore = try? file.prune(retention)
        if byAge, isMore != nil { aged = elapsed }
        let isInDoubt = doubt.look(at: elapsed, retention.now) != nil
        if byAge, isMore != true {
            if !isInDoubt { truth.age(to: retention.now) }
            nextAges = time.elapsed + Self.agesLookedAt
            if retention.names { nextNames = time.elapsed + Self.namesLookedAt }
        }
        return isMore ?? false
    }

    /// - Parameter isLast: whether the agent is shutting down.
    func close(isLast: Bool = false) {
        file?.close(isLast: isLast)
        file = nil
    }
}
