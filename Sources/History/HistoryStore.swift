import FoundationEssentials
import Glibc
package import HealthManager
package import Logging
import ServiceLifecycle
import Synchronization

/// The journal in `history.db` of the state directory.
///
/// Results are gathered for a second; decisions, episodes and attempts are written at once. Whatever the disk does, nobody waits for it but
/// who asked for something to be kept.
package final class HistoryStore: Journal, Service {
    private static let gathered: Duration = .seconds(1)
    private static let retry: Duration = .seconds(30)
    private static let pruneInterval: Duration = .seconds(60)

    private let path: String
    private let settings: HistorySettings
    private let time: any TimeSource
    private let logger: Logger
    private let backlog: Mutex<Backlog>
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation
    private let carried: Carried
    /// Used by the writer alone, which is one task.
    private let database: Mutex<HistoryDatabase?>

    /// Opens the file, or goes on without: that is told in the log and in `facts`, and tried again.
    package init(directory: String, settings: HistorySettings, time: any TimeSource, logger: Logger) {
        path = directory + "/history.db"
        self.settings = settings
        self.time = time
        self.logger = logger
        (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        var problem: String?
        var carried = Carried()
        var opened: HistoryDatabase?
        // A second try, with a new file, where the first finds a broken one.
        for _ in 0..<2 {
            do {
                let database = try HistoryDatabase(path: path)
                carried = try database.restore()
                opened = database
                problem = nil
                break
            } catch {
                let fault = error as? HistoryFault ?? HistoryFault(error, path: path)
                problem = fault.sentence
                logger.error("\(fault.sentence)")
                guard fault.isBroken else { break }
                Self.setAside(path, at: time.now, logger)
            }
        }
        var standing = Standing(carried)
        standing.forget(before: time.now)
        self.carried = Carried(standing)
        database = Mutex(opened)
        backlog = Mutex(Backlog(standing: standing, problem: problem))
    }

    /// What an earlier process left in force.
    package func restore() -> Carried { carried }

    // MARK: Taking

    package func note(_ entry: JournalEntry) {
        if backlog.withLock({ $0.note(entry, at: time.elapsed) }) { signal.yield() }
    }

    package func settle() async throws(NotKept) {
        let problem: String? = await withCheckedContinuation { continuation in
            let answer = backlog.withLock { $0.settle(continuation) }
            if let answer { continuation.resume(returning: answer.problem) } else { signal.yield() }
        }
        if let problem { throw NotKept(problem) }
    }

    package func keep(_ entry: JournalEntry) async throws(NotKept) {
        let problem: String? = await withCheckedContinuation { continuation in
            let problem = backlog.withLock { $0.keep(entry, continuation) }
            if let problem { continuation.resume(returning: problem) } else { signal.yield() }
        }
        if let problem { throw NotKept(problem) }
    }

    package func history(_ query: HistoryQuery) async throws(NotKept) -> [HistoryRecord] {
        guard let database = database.withLock({ $0 }) else {
            throw NotKept(backlog.withLock { $0.facts.problem } ?? "history is not open")
        }
        try? await settle()
        do { return try await database.records(query) } catch {
            throw NotKept((error as? HistoryFault)?.sentence ?? "history can't be read: \(error)")
        }
    }

    package var facts: JournalFacts { backlog.withLock(\.facts) }

    // MARK: Writing

    package func run() async throws {
        await cancelWhenGracefulShutdown { await self.loop() }
        // What was noted until the end is written once more; then nobody waits any longer.
        await write()
        backlog.withLock { $0.close() }
    }

    private func loop() async {
        await withDiscardingTaskGroup { timers in
            var armed: Duration?
            var pruned: Duration?
            signal.yield()
            for await _ in signals {
                let now = time.elapsed
                if let due = armed, due <= now { armed = nil }
                if backlog.withLock({ $0.isDue(at: now, gathered: Self.gathered) }) { await write() }
                if pruned.map({ now - $0 >= Self.pruneInterval }) ?? true, await prune() { pruned = now }
                guard armed == nil,
                    let due = backlog.withLock({ $0.nextLook(at: time.elapsed, gathered: Self.gathered, retry: Self.retry) })
                else { continue }
                armed = due
                timers.addTask {
                    guard (try? await self.time.sleep(until: due)) != nil else { return }
                    self.signal.yield()
                }
            }
        }
    }

    /// Writes all that has gathered, in order; what has to be kept alone stands between batches.
    private func write() async {
        while backlog.withLock({ $0.hasWork(at: time.elapsed) }) {
            // Looked at before anything is taken: a file that is new gets what is in force first.
            let open = Result { try inPlace() }
            guard let batch = backlog.withLock({ $0.take() }) else { continue }
            do {
                switch batch {
                case .entries(let entries, let standing): try await open.get().write(entries, standing: standing)
                case .kept(let entry): try await open.get().keep(entry)
                }
                let wasBroken = backlog.withLock { $0.wrote(batch) }
                if wasBroken { logger.notice("history is written again", metadata: ["path": "\(path)"]) }
            } catch {
                let fault = error as? HistoryFault ?? HistoryFault(error, path: path)
                guard failed(batch, fault) else { return }
            }
        }
    }

    /// - Returns: whether to try again at once, with a new file.
    private func failed(_ batch: Backlog.Batch, _ fault: HistoryFault) -> Bool {
        let mayRetry = fault.isBroken && Self.setAside(path, at: time.now, logger)
        if fault.isBroken { database.withLock { $0 = nil } }
        let isNews = backlog.withLock { $0.failed(batch, fault.sentence, at: time.elapsed, mayRetry: mayRetry) }
        if isNews { logger.error("\(fault.sentence)") }
        return mayRetry
    }

    /// The database, opened anew where the file was taken away or replaced.
    private func inPlace() throws -> HistoryDatabase {
        try database.withLock { database in
            if let open = database {
                if open.isInPlace { return open }
                backlog.withLock { $0.beginAnew() }
                if HistoryDatabase.attributes(path) != nil { Self.setAside(path, at: time.now, logger) }
                logger.error("the file of history was taken away or replaced; a new one is begun", metadata: ["path": "\(path)"])
                database = nil
            }
            let new = try HistoryDatabase(path: path)
            backlog.withLock { $0.beginAnew() }
            database = new
            return new
        }
    }

    /// - Returns: false where it is to be tried again soon.
    private func prune() async -> Bool {
        guard let database = database.withLock({ $0 }), facts.problem == nil else { return true }
        backlog.withLock { $0.forget(before: time.now) }
        guard let (bytes, hasMore) = try? await database.prune(settings, at: time.now) else { return true }
        backlog.withLock { $0.facts.bytes = bytes }
        if hasMore { signal.yield() }
        return !hasMore
    }

    /// Renames what is no database, with what belongs to it: whoever wants to may look into it later.
    /// - Returns: false where it could not be renamed.
    @discardableResult
    private static func setAside(_ path: String, at now: Date, _ logger: Logger) -> Bool {
        let aside = path + ".broken-" + now.formatted(.iso8601).replacing(":", with: "")
        guard rename(path, aside) == 0 else { return false }
        for suffix in ["-wal", "-shm"] { _ = rename(path + suffix, aside + suffix) }
        logger.error("the broken file of history is kept aside", metadata: ["path": "\(aside)"])
        return true
    }
}

extension Carried {
    fileprivate init(_ standing: Standing) {
        self.init()
        for item in standing.items.values {
            switch item {
            case .override(let override): overrides.append(override)
            case .maintenance(let entry): maintenance.append(entry)
            case .episode(let episode): episodes.append(episode)
            case .attempt(let attempt): attempts.append(attempt)
            }
        }
        overrides.sort { $0.at < $1.at }
        maintenance.sort { $0.at < $1.at }
        episodes.sort { $0.began < $1.began }
        attempts.sort { $0.at < $1.at }
    }
}
