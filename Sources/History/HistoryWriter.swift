import FoundationEssentials
import GRDB
import HealthManager

/// Writes batches into the file, and begins a new one where the old is lost. On a thread of its own: SQLite waits for the disk.
actor HistoryWriter {
    enum Written {
        case committed(bytes: Int)
        case failed(String)
    }

    private static let agesLookedAt: Duration = .seconds(60)
    private static let namesLookedAt: Duration = .seconds(86400)

    private let thread = ThreadExecutor()
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private let directory: HistoryDirectory
    private let settings: HistorySettings
    private let time: any TimeSource
    private var file: HistoryFile?
    private var truth = StandingTruth()
    private var problem: String?
    /// When ages were last looked at.
    private var aged: Duration
    private var nextAges: Duration = .zero
    private var doubt: DateDoubt
    private var nextNames: Duration = .zero

    /// Opens the file at once.
    /// - Parameter told: what an earlier process left, why nothing can be written, the size, and what may be read from.
    init(
        _ directory: HistoryDirectory, settings: HistorySettings, time: any TimeSource,
        told: (Carried, String?, Int, DatabasePool?) -> Void
    ) {
        self.directory = directory
        self.settings = settings
        self.time = time
        aged = time.elapsed
        doubt = DateDoubt(at: time.elapsed, time.now)
        var truth = StandingTruth()
        var problem: String?
        var opened: HistoryFile?
        do throws(StorageFault) { opened = try directory.open(&truth, isFirst: true) } catch {
            problem = error.sentence
            truth = directory.readOnly() ?? truth
        }
        told(truth.carried(at: time.now), problem, opened?.bytes ?? 0, opened?.pool)
        file = opened
        self.truth = truth
        self.problem = problem
    }

    /// What history is read from; nil while there is none.
    var pool: DatabasePool? { file?.pool }

    /// Writes all of a batch, or nothing.
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
            // Of a full disk history can still be read; after anything else a fresh look is the best that can be had.
            if !fault.isFull, !fault.isBroken { close() }
            throw fault
        }
    }

    /// The old file's names are moved before it is closed: SQLite would merge its log into what lies there.
    private func beginAnew() throws(StorageFault) {
        do { try directory.renew(truth) } catch { throw StorageFault(error, path: directory.database) }
        file?.close()
        file = nil
    }

    /// Deletes a small part of what is too old or too much.
    /// - Returns: whether there is more.
    func prune() -> Bool {
        guard let file, problem == nil, file.place == .ours else { return false }
        let byAge = nextAges <= time.elapsed
        let retention = Retention(
            now: time.now, passed: time.elapsed - aged, keepFor: settings.keepFor, maximumBytes: settings.maximumBytes, byAge: byAge,
            names: byAge && nextNames <= time.elapsed)
        let elapsed = time.elapsed
        // A fault shows at the next batch as well, which has somebody to tell.
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

    /// - Parameter isLast: the agent is ending.
    func close(isLast: Bool = false) {
        file?.close(isLast: isLast)
        file = nil
    }
}
