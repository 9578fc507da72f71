import Concurrency
package import FoundationEssentials
import GRDB
package import Logging
package import Monitoring
package import Probing
import ServiceLifecycle
import Synchronization

/// Stores the journal in SQLite: `history.db` in the state directory.
///
/// Entries are queued and written in batches by `run`. Only `flush` and `persist` wait for the disk; a full disk or a corrupt file costs
/// history and nothing else.
package final class HistoryStore: Journal, Service {
    /// How long writing the queued entries may take when the agent shuts down.
    private static let lastWords: Duration = .seconds(5)

    private let time: any TimeSource
    private let logger: Logger
    private let writer: HistoryWriter
    private let restored: RestoredState
    private let pending: Mutex<PendingEntries>
    private let pool: Mutex<DatabasePool?>
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    /// Opens the database or creates one. If neither is possible, `facts.problem` says why and `run` retries every 30 seconds.
    /// - Parameters:
    ///   - directory: the state directory; it must exist.
    ///   - settings: limits on age and size; changes made by a reload are not picked up.
    package init(directory: String, settings: HistorySettings, time: any TimeSource, logger: Logger) {
        var entries = PendingEntries()
        var left = RestoredState()
        var opened: DatabasePool?
        let place = HistoryDirectory(path: directory, maximumBytes: settings.maximumBytes, time: time, logger: logger)
        writer = HistoryWriter(place, settings: settings, time: time) { restored, problem, bytes, pool in
            left = restored
            opened = pool
            entries.begin(problem: problem, bytes: bytes, at: time.elapsed)
        }
        self.time = time
        self.logger = logger
        restored = left
        pending = Mutex(entries)
        pool = Mutex(opened)
        (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        tell(nil, facts.problem)
    }

    /// The overrides, maintenance, episodes and attempts of an earlier process, as read when the database was opened.
    package func restore() -> RestoredState { restored }

    // MARK: Journal

    /// Queues an entry. Results are dropped, and counted in `facts.dropped`, while nothing can be written or too many are queued.
    package func record(_ entry: JournalEntry) {
        if pending.withLock({ $0.record(entry) { time.elapsed } }) { wake.yield() }
    }

    /// Returns once all entries recorded before are synced to disk.
    /// - Throws: `JournalError` if they cannot be written now; entries other than results remain queued.
    package func flush() async throws(JournalError) {
        let refusal = await withCheckedContinuation { continuation in
            answer(pending.withLock { $0.flush(continuation) })
            wake.yield()
        }
        if let refusal { throw refusal }
    }

    /// Writes an entry and returns once it is synced to disk.
    /// - Throws: `JournalError` if it cannot be written; it is then dropped.
    package func persist(_ entry: JournalEntry) async throws(JournalError) {
        let refusal = await withCheckedContinuation { keeper in
            answer(pending.withLock { $0.persist(entry, keeper) })
            wake.yield()
        }
        if let refusal { throw refusal }
    }

    /// The records on disk that match, newest first, at most `query.limit`.
    /// - Throws: `JournalError` if the database is not open or cannot be read.
    package func history(_ query: HistoryQuery) async throws(JournalError) -> [HistoryRecord] {
        guard let pool = pool.withLock(\.self) else { throw JournalError(facts.problem ?? "the history is closed") }
        do { return try await pool.read { try HistoryReader(db: $0).records(query) } } catch {
            throw JournalError(facts.problem ?? "the history cannot be read: \(error)")
        }
    }

    package func uptimes(at date: Date) async throws(JournalError) -> [String: UptimeShares] {
        guard let pool = pool.withLock(\.self) else { throw JournalError(facts.problem ?? "the history is closed") }
        do { return try await pool.read { try UptimeReader(db: $0).shares(at: date) } } catch {
            throw JournalError(facts.problem ?? "the history cannot be read: \(error)")
        }
    }

    /// The current problem, the number of dropped results, and the size of the database in bytes.
    package var facts: JournalFacts { pending.withLock(\.facts) }

    // MARK: Writing

    /// Writes queued entries until graceful shutdown, then the remaining ones for at most 5 s, and closes the database.
    package func run() async throws {
        await cancelWhenGracefulShutdown { await self.loop() }
        pending.withLock { $0.close() }
        let end = time.elapsed + Self.lastWords
        while time.elapsed < end, await writeOne(), facts.problem == nil {}
        answer(pending.withLock { $0.abandon() })
        pool.withLock { $0 = nil }
        await writer.close(isLast: true)
    }

    private func loop() async {
        await withDiscardingTaskGroup { alarms in
            var timer = DueTimer()
            wake.yield()
            for await _ in wakes {
                // Prune a little after each batch, so that pruning keeps up with writing.
                var isBusy = true
                while isBusy, !Task.isCancelled {
                    let hasWritten = await writeOne()
                    isBusy = await writer.prune() || hasWritten
                }
                let now = time.elapsed
                let latest = now + PendingEntries.retryAfter
                timer.arm(min(pending.withLock(\.due) ?? latest, latest), now: now, in: &alarms, sleep: time.sleep) { self.wake.yield() }
            }
        }
    }

    /// - Returns: whether there was anything to write.
    private func writeOne() async -> Bool {
        guard let batch = pending.withLock({ $0.take(at: time.elapsed) }) else { return false }
        let before = facts.problem
        let written = await writer.write(batch)
        let readable = await writer.pool
        pool.withLock { $0 = readable }
        switch written {
        case .committed(let bytes): answer(pending.withLock { $0.committed(batch, bytes: bytes) })
        case .failed(let problem): answer(pending.withLock { $0.failed(batch, because: problem, at: time.elapsed) })
        }
        tell(before, facts.problem)
        return true
    }

    private func tell(_ before: String?, _ after: String?) {
        guard before != after else { return }
        if let after {
            logger.warning("\(after); probes continue, writing is retried every 30 seconds")
        } else {
            logger.notice("history is written again")
        }
    }

    private func answer(_ answers: PendingEntries.Answers) {
        for (continuation, refusal) in answers { continuation.resume(returning: refusal) }
    }
}
