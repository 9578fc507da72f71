import FoundationEssentials
import GRDB
package import HealthManager
package import Logging
import ServiceLifecycle
import Synchronization

/// Keeps history in SQLite: `history.db` in the state directory.
///
/// note -> queue -> batch -> file. Nothing waits for the disk but who asked for an entry to be kept; a disk that is full and a file that
/// is broken cost history and nothing else.
package final class HistoryStore: Journal, Service {
    /// How long what is queued may take to be written when the agent ends.
    private static let lastWords: Duration = .seconds(5)

    private let time: any TimeSource
    private let logger: Logger
    private let writer: HistoryWriter
    private let carried: Carried
    private let pending: Mutex<PendingEntries>
    private let pool: Mutex<DatabasePool?>
    private let alarm = Mutex<Duration?>(nil)
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    /// Opens the database, or begins one; where neither is possible it goes on without, and tries again while it runs.
    package init(directory: String, settings: HistorySettings, time: any TimeSource, logger: Logger) {
        var entries = PendingEntries()
        var left = Carried()
        var opened: DatabasePool?
        let place = HistoryDirectory(path: directory, maximumBytes: settings.maximumBytes, time: time, logger: logger)
        writer = HistoryWriter(place, settings: settings, time: time) { carried, problem, bytes, pool in
            left = carried
            opened = pool
            entries.begin(problem: problem, bytes: bytes, at: time.elapsed)
        }
        self.time = time
        self.logger = logger
        carried = left
        pending = Mutex(entries)
        pool = Mutex(opened)
        (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        tell(nil, facts.problem)
    }

    /// What an earlier process left in force, as it was when this was opened.
    package func restore() -> Carried { carried }

    // MARK: Journal

    package func note(_ entry: JournalEntry) {
        if pending.withLock({ $0.note(entry) { time.elapsed } }) { wake.yield() }
    }

    package func settle() async throws(NotKept) {
        let refusal = await withCheckedContinuation { continuation in
            answer(pending.withLock { $0.settle(continuation) })
            wake.yield()
        }
        if let refusal { throw refusal }
    }

    package func keep(_ entry: JournalEntry) async throws(NotKept) {
        let refusal = await withCheckedContinuation { keeper in
            answer(pending.withLock { $0.keep(entry, keeper) })
            wake.yield()
        }
        if let refusal { throw refusal }
    }

    package func history(_ query: HistoryQuery) async throws(NotKept) -> [HistoryRecord] {
        guard let pool = pool.withLock(\.self) else { throw NotKept(facts.problem ?? "the history is closed") }
        do { return try await pool.read { try HistoryReader(db: $0).records(query) } } catch {
            throw NotKept(facts.problem ?? "the history can't be read: \(error)")
        }
    }

    package var facts: JournalFacts { pending.withLock(\.facts) }

    // MARK: Writing

    /// Writes what is noted, until the service group shuts down; then what is left.
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
            wake.yield()
            for await _ in wakes {
                // After each batch a little is pruned: what comes in must not outrun what goes.
                var isBusy = true
                while isBusy, !Task.isCancelled {
                    let hasWritten = await writeOne()
                    isBusy = await writer.prune() || hasWritten
                }
                let due = min(pending.withLock(\.due) ?? time.elapsed + PendingEntries.retryAfter, time.elapsed + PendingEntries.retryAfter)
                guard
                    alarm.withLock({ alarm in
                        if let armed = alarm, armed <= due { return false }
                        alarm = due
                        return true
                    })
                else { continue }
                alarms.addTask {
                    guard (try? await self.time.sleep(until: due)) != nil else { return }
                    self.alarm.withLock { if $0 == due { $0 = nil } }
                    self.wake.yield()
                }
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
            logger.warning("\(after); probing goes on, and it is tried again every 30 seconds")
        } else {
            logger.notice("history is kept again")
        }
    }

    private func answer(_ answers: PendingEntries.Answers) {
        for (continuation, refusal) in answers { continuation.resume(returning: refusal) }
    }
}
