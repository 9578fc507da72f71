import FoundationEssentials
import Monitoring
package import Probing

/// Waiting for results after the cache was cleared.
extension HealthManager {
    /// Waits until every probe has run since the cache was last cleared.
    /// - Returns: the probes that still have no result after `limit`; empty when all have one.
    package func awaitFreshResults(within limit: Duration) async -> [ProbeKey] {
        let end = time.elapsed + limit
        await withTaskGroup(of: Void.self) { race in
            race.addTask { await self.allFresh() }
            race.addTask { try? await self.time.sleep(until: end) }
            await race.next()
            race.cancelAll()
        }
        return waiting
    }

    private var waiting: [ProbeKey] { (unrun + unlooked).sorted() }

    /// Definitions whose target lists have not been loaded yet and may add probes.
    private var unlooked: [ProbeKey] {
        plan.definitions.filter(targets.isPending).map { ProbeKey(identity: $0.identity, server: "") }
    }

    private var isAllFresh: Bool { unrun.isEmpty && unlooked.isEmpty }

    private func allFresh() async {
        guard !isAllFresh else { return }
        let id = UUID()
        let (changes, change) = AsyncStream.makeStream(of: Void.self)
        freshnessWaiters[id] = change
        for await _ in changes where isAllFresh { break }
        freshnessWaiters[id] = nil
    }

    func wakeIfAllFresh() {
        guard !freshnessWaiters.isEmpty, isAllFresh else { return }
        for waiter in freshnessWaiters.values { waiter.yield() }
    }
}
