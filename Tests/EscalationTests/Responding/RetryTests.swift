import Addresses
import Escalation
import FoundationEssentials
import HealthManager
import Logging
import Monitoring
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

/// What nobody could be told is told later.
@Suite struct RetryTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private let time = ManualTime()
    private let journal = MemoryJournal()
    private let hand = Hand()

    /// A receiver that is there or not, as the test says.
    private final class Hand: ResponderActing {
        let isThere = Mutex(false)
        let failsForGood = Mutex(false)

        func act(_ responder: Responder, event: ResponderEvent) async -> ActionResult {
            if failsForGood.withLock(\.self) { return ActionResult(false, "it ran and failed") }
            return isThere.withLock(\.self) ? ActionResult(true, "taken") : ActionResult(false, "nobody is there", isUndone: true)
        }
    }

    private func running(_ body: @escaping @Sendable (TroubledSite, ResponderDispatcher) async throws -> Void) async throws {
        var configuration = AgentConfiguration()
        var responder = Responder(name: "hook", action: .webhook(url: "http://hook.example", authorizationFile: nil))
        responder.triggers = [.unhealthy, .recovered]
        responder.perServer = .telling
        responder.acrossServers = .telling
        configuration.responders = [responder]
        let dispatcher = ResponderDispatcher(hand, journal: journal, restored: journal.restored, time: time, logger: Self.logger)
        let site = try TroubledSite(["mbx01"], configuration: configuration, time: time, observers: [dispatcher], journal: journal)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await site.manager.run() }
            group.addTask { try await dispatcher.service(asking: site.manager).run() }
            try await body(site, dispatcher)
            group.cancelAll()
        }
    }

    private func attempts(_ outcome: Attempt.Outcome, _ trigger: String = "unhealthy") -> [Attempt] {
        journal.attempts.filter { $0.outcome == outcome && $0.trigger == trigger }
    }

    /// Moves time on until so many attempts have ended so, each waited for before time moves on.
    private func comes(_ count: Int, _ outcome: Attempt.Outcome, _ site: TroubledSite, _ trigger: String = "unhealthy") async -> Bool {
        await site.advance(atMost: 4000) { attempts(outcome, trigger).count >= count }
    }

    @Test("while the trouble lasts it is tried again, with pauses that double up to a quarter of an hour, and no more once it was taken")
    func again() async throws {
        try await running { site, _ in
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await comes(8, .failed, site))
            let times = attempts(.failed).map(\.at)
            let pauses = zip(times.dropFirst(), times).map { $0.timeIntervalSince($1) }
            // Time moves on here while an attempt is under way: a pause may be longer, but not by one doubling.
            #expect(zip(pauses, [30, 60, 120, 240, 480, 900, 900]).allSatisfy { $0 >= $1 && $0 < 2 * $1 }, "\(pauses)")
            hand.isThere.withLock { $0 = true }
            #expect(await comes(1, .succeeded, site))
            await site.advance(by: 2000)
            #expect(attempts(.succeeded).count == 1 && attempts(.failed).count == 8)
            site.set(nil, on: ["mbx01"])
            #expect(await comes(1, .succeeded, site, "recovered"))
        }
    }

    @Test("the next process goes on where the last one ended, and its pauses with it")
    func overRestart() async throws {
        try await running { site, _ in
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await comes(5, .failed, site))
        }
        let last = try #require(attempts(.failed).last).at
        try await running { site, _ in
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await comes(6, .failed, site))
            let next = try #require(attempts(.failed).last).at
            #expect(next.timeIntervalSince(last) >= 480)
            hand.isThere.withLock { $0 = true }
            #expect(await comes(1, .succeeded, site))
        }
        #expect(Set(journal.attempts.map(\.episode)).count == 1)
    }

    @Test("the end of a trouble that nobody could be told is told later, by the next process too")
    func recovery() async throws {
        hand.isThere.withLock { $0 = true }
        try await running { site, _ in
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await comes(1, .succeeded, site))
            hand.isThere.withLock { $0 = false }
            site.set(nil, on: ["mbx01"])
            #expect(await comes(3, .failed, site, "recovered"))
        }
        try await running { site, _ in
            #expect(await comes(4, .failed, site, "recovered"))
            hand.isThere.withLock { $0 = true }
            #expect(await comes(1, .succeeded, site, "recovered"))
            await site.advance(by: 2000)
            #expect(attempts(.succeeded, "recovered").count == 1 && attempts(.succeeded).count == 1)
        }
    }

    @Test("the end of a trouble that nobody was told of is told nobody")
    func untold() async throws {
        try await running { site, dispatcher in
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await comes(2, .failed, site))
            hand.isThere.withLock { $0 = true }
            site.set(nil, on: ["mbx01"])
            #expect(await site.advance { attempts(.refused, "recovered").count == 1 })
            await site.advance(by: 1000)
            #expect(journal.attempts.allSatisfy { $0.outcome != .succeeded })
        }
    }

    @Test("what has run and failed is not run again; a trouble that is over is told no more")
    func notAgain() async throws {
        try await running { site, _ in
            hand.failsForGood.withLock { $0 = true }
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await comes(1, .failed, site))
            await site.advance(by: 1000)
            #expect(attempts(.failed).count == 1)
            site.set(nil, on: ["mbx01"])
            #expect(await site.advance { await site.states(.healthy) == 1 })
            hand.failsForGood.withLock { $0 = false }
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await comes(2, .failed, site))
            site.set(nil, on: ["mbx01"])
            #expect(await site.advance { await site.states(.healthy) == 1 })
            let failed = attempts(.failed).count
            await site.advance(by: 1000)
            #expect(attempts(.failed).count == failed)
        }
    }
}
