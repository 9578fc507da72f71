import FoundationEssentials
import HealthManager
import Monitoring
import Probing
import ServiceLifecycle
import Synchronization

/// What the pages show of the history, read in the background: nobody waits for the disk.
final class RunHistory: Service {
    /// How old the shares may get; older where reading them takes long, so that it never takes more than a hundredth of the time.
    private static let renewAfter: Duration = .seconds(10)
    /// As many results as are read for the strips after a start.
    private static let restored = 10_000

    private struct State {
        var shares: [String: UptimeShares] = [:]
        /// When they are to be read again; nil before the first time.
        var renewAt: Duration?
    }

    private let health: HealthManager
    private let recent: RecentRuns
    private let time: any TimeSource
    private let state = Mutex(State())
    private let demands: AsyncStream<Void>
    private let demand: AsyncStream<Void>.Continuation

    init(_ health: HealthManager, recent: RecentRuns, time: any TimeSource) {
        self.health = health
        self.recent = recent
        self.time = time
        (demands, demand) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Changes with every state, decision and configuration, not with every result.
    var version: Int { recent.version }
    /// Of the monotonic clock.
    var elapsed: Duration { time.elapsed }

    /// The last runs of a probe, the oldest first.
    func runs(of key: ProbeKey) -> [RecentRuns.Run] { Array(recent.of(key)) }

    /// When the trouble of a probe's latest result began; nil if it has none, or that is not known.
    func troubled(_ key: ProbeKey) -> Date? { recent.troubled(key) }

    /// The latest runs of a probe that did not succeed, the oldest first.
    func failed(_ key: ProbeKey) -> [ProbeResult] { recent.failed(key) }

    /// A run that did not succeed; nil if it is not kept.
    func failed(_ id: RequestID) -> ProbeResult? { recent.failed(id) }

    /// How many of a probe's runs succeeded; nil where that has not been read yet. Has it read anew if it is old.
    func shares(of key: ProbeKey) -> UptimeShares? {
        let now = time.elapsed
        let (shares, isOld) = state.withLock { state in
            (state.shares[UptimeShares.name(key)], state.renewAt.map { now > $0 } ?? true)
        }
        if isOld { demand.yield() }
        return shares
    }

    /// Reads what earlier processes left, then the shares as often as somebody asks for them.
    func run() async throws {
        await cancelWhenGracefulShutdown { await self.read() }
    }

    private func read() async {
        let journal = JournalReader(health)
        var query = HistoryQuery()
        (query.sorts, query.limit) = ([.result], Self.restored)
        // Runs of this process, if any, are in the list already.
        query.until = await health.agentFacts().facts.started
        if let records = try? await journal.history(query) { recent.restore(records) }
        for await _ in demands {
            let begin = time.elapsed
            await journal.flush()
            let shares = try? await journal.uptimes(at: health.now)
            let end = time.elapsed
            state.withLock { state in
                state.shares = shares ?? [:]
                state.renewAt = end + max(Self.renewAfter, (end - begin) * 100)
            }
        }
    }
}
