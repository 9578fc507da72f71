import Escalation
import FoundationEssentials
import HealthManager
import Logging
import Monitoring
import Probing
import ServiceLifecycle
import TestSupport
import Testing

/// What waits to be answered: for a throttle, for the end of a maintenance, or for the next process.
@Suite struct AnsweringTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private static let servers = ["mbx01", "mbx02", "mbx03"]
    private let time = ManualTime()
    private let journal = MemoryJournal()

    /// Succeeds at once; the journal has what was done.
    private struct Hand: ResponderActing {
        func act(_ responder: Responder, event: ResponderEvent) async -> ActionResult { ActionResult(true, "done") }
    }

    /// What is noted is never on disk before the process ends.
    private struct SlowJournal: Journal {
        let journal: MemoryJournal

        func record(_ entry: JournalEntry) { journal.record(entry) }
        func flush() async throws(JournalError) {
            let (never, _) = AsyncStream.makeStream(of: Void.self)
            for await _ in never {}
        }
        func persist(_ entry: JournalEntry) async throws(JournalError) { try await journal.persist(entry) }
        func history(_ query: HistoryQuery) async throws(JournalError) -> [HistoryRecord] { [] }
        var facts: JournalFacts { journal.facts }
    }

    /// One action in ten minutes over all servers.
    private static func responder(_ triggers: Set<Responder.Trigger> = [.unhealthy]) -> Responder {
        var responder = Responder(name: "r", action: .command(["true"]))
        responder.triggers = triggers
        responder.acrossServers = ThrottleLimits(minimumBetween: .seconds(600), perHour: 100, perDay: 100)
        return responder
    }

    private func running(
        _ responders: [Responder] = [responder()], isSlow: Bool = false,
        _ body: @escaping @Sendable (TroubledSite, ResponderDispatcher) async throws -> Void
    ) async throws {
        var configuration = AgentConfiguration()
        configuration.responders = responders
        let kept: any Journal = isSlow ? SlowJournal(journal: journal) : journal
        let dispatcher = ResponderDispatcher(Hand(), journal: kept, restored: journal.restored, time: time, logger: Self.logger)
        let site = try TroubledSite(Self.servers, configuration: configuration, time: time, observers: [dispatcher], journal: journal)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await site.manager.run() }
            group.addTask { try await dispatcher.service(asking: site.manager).run() }
            try await body(site, dispatcher)
            group.cancelAll()
        }
    }

    /// `TRIGGER SERVER` of each action that has ended, and of each refusal.
    private var done: [String] { attempts(.succeeded) }
    private var refused: [String] { attempts(.refused) }

    private func attempts(_ outcome: Attempt.Outcome) -> [String] {
        journal.attempts.filter { $0.outcome == outcome }.map { "\($0.trigger) \($0.server)" }
    }

    /// Makes servers Unhealthy, one after the other; the first is answered, each further one refused.
    private func trouble(_ site: TroubledSite, _ servers: [String]) async {
        for (index, server) in servers.enumerated() {
            site.set(TroubledSite.failure, on: [server])
            #expect(await site.advance { await site.states(.unhealthy) == index + 1 })
            // The clock stands still until it is answered: when that was is known to a second.
            #expect(await eventually(within: .seconds(5), every: .milliseconds(5)) { done.count + refused.count == index + 1 })
        }
    }

    /// Moves time to so many seconds after the first action.
    private func pass(to seconds: Int, _ site: TroubledSite) async throws {
        let begun = try #require(journal.attempts.first { $0.outcome == .begun }).at
        await site.advance(by: Int((begun.addingTimeInterval(Double(seconds)).timeIntervalSince(time.now)).rounded()))
    }

    private func eventuallyDone(_ expected: [String]) async -> Bool { await eventually(within: .seconds(60)) { done == expected } }

    @Test("what the throttle refuses is done when it allows it, who came first first, and told as refused once")
    func throttled() async throws {
        try await running { site, _ in
            await trouble(site, ["mbx01", "mbx03", "mbx02"])
            try await pass(to: 598, site)
            #expect(done == ["unhealthy mbx01"])
            try await pass(to: 600, site)
            #expect(await eventuallyDone(["unhealthy mbx01", "unhealthy mbx03"]))
            try await pass(to: 1197, site)
            #expect(done.count == 2)
            try await pass(to: 1201, site)
            #expect(await eventuallyDone(["unhealthy mbx01", "unhealthy mbx03", "unhealthy mbx02"]))
            #expect(refused == ["unhealthy mbx03", "unhealthy mbx02"])
            await site.advance(by: 700)
            #expect(done.count == 3 && refused.count == 2)
        }
    }

    @Test("a trouble that ends first is not acted upon, and its end is not told")
    func ended() async throws {
        try await running([Self.responder([.unhealthy, .recovered])]) { site, _ in
            await trouble(site, ["mbx01", "mbx02"])
            site.set(nil, on: ["mbx02"])
            #expect(await site.advance { refused.count == 2 })
            await site.advance(by: 700)
            #expect(done == ["unhealthy mbx01"] && refused == ["unhealthy mbx02", "recovered mbx02"])
        }
    }

    @Test("an acknowledged trouble waits no more, nor does one of a responder that is gone")
    func settled() async throws {
        try await running { site, dispatcher in
            await trouble(site, ["mbx01", "mbx02", "mbx03"])
            _ = try await site.changes.acknowledge(AcknowledgeRequest(monitor: "Monitor", server: "mbx02", by: "test"))
            try await pass(to: 602, site)
            #expect(await eventuallyDone(["unhealthy mbx01", "unhealthy mbx03"]))
            dispatcher.changed(.adopted(Plan(configuration: AgentConfiguration(), definitions: [])))
            await site.advance(by: 1300)
            #expect(done.count == 2)
        }
        try await running { site, dispatcher in
            site.set(TroubledSite.failure, on: ["mbx01", "mbx02", "mbx03"])
            dispatcher.changed(.adopted(Plan(configuration: AgentConfiguration(), definitions: [])))
            await site.advance(by: 700)
            #expect(done.count == 2)
        }
    }

    @Test("a plan that allows more lets through what waits")
    func relaxed() async throws {
        try await running { site, dispatcher in
            await trouble(site, ["mbx01", "mbx02"])
            var configuration = AgentConfiguration()
            var responder = Self.responder()
            responder.acrossServers = .telling
            configuration.responders = [responder]
            dispatcher.changed(.adopted(Plan(configuration: configuration, definitions: [])))
            #expect(await eventuallyDone(["unhealthy mbx01", "unhealthy mbx02"]))
        }
    }

    @Test("what waits does so through a maintenance, and is done when that is over")
    func maintenance() async throws {
        try await running { site, _ in
            await trouble(site, ["mbx01", "mbx02"])
            _ = try await site.changes.start(MaintenanceRequest(server: "mbx02", by: "test"))
            await site.advance(by: 700)
            #expect(done == ["unhealthy mbx01"])
            _ = try await site.changes.end(MaintenanceEnd(server: "mbx02", by: "test"))
            #expect(await eventuallyDone(["unhealthy mbx01", "unhealthy mbx02"]))
            #expect(refused == ["unhealthy mbx02"])
        }
    }

    @Test("the end of a trouble that was told is told in a maintenance too")
    func recoveredInMaintenance() async throws {
        try await running([Self.responder([.unhealthy, .recovered])]) { site, _ in
            await trouble(site, ["mbx01"])
            _ = try await site.changes.start(MaintenanceRequest(server: "mbx01", by: "test"))
            site.set(nil, on: ["mbx01"])
            #expect(await site.advance { done == ["unhealthy mbx01", "recovered mbx01"] })
            #expect(refused.isEmpty)
        }
    }

    @Test("who was told when it was Degraded is told of the end, past any throttle; who was told nothing is not")
    func recoveredEarly() async throws {
        var other = Self.responder([.unhealthy, .recovered])
        other.name = "other"
        try await running([Self.responder([.degraded, .recovered]), other]) { site, _ in
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await site.advance { done == ["degraded mbx01"] })
            site.set(nil, on: ["mbx01"])
            #expect(await site.advance(atMost: 300) { done == ["degraded mbx01", "recovered mbx01"] })
            #expect(refused.isEmpty)
        }
    }

    @Test("what waits does so while its responder is disabled, and is done when that is over")
    func disabled() async throws {
        try await running { site, _ in
            await trouble(site, ["mbx01", "mbx02"])
            _ = try await site.changes.add(
                OverrideRequest(identity: "r", property: "enabled", value: "false", seconds: 900, by: "test"))
            await site.advance(by: 800)
            #expect(done == ["unhealthy mbx01"])
            await site.advance(by: 110)
            #expect(await eventuallyDone(["unhealthy mbx01", "unhealthy mbx02"]))
        }
    }

    @Test("the end of a trouble whose monitor is disabled is told to who was told of the trouble")
    func unwatched() async throws {
        try await running([Self.responder([.unhealthy, .recovered])]) { site, _ in
            await trouble(site, ["mbx01"])
            _ = try await site.changes.add(
                OverrideRequest(identity: #"Mail\Monitor"#, property: "enabled", value: "false", seconds: 900, by: "test"))
            #expect(await eventuallyDone(["unhealthy mbx01", "recovered mbx01"]))
        }
    }

    @Test("a monitor that waits longer now takes nothing back of what waits to be answered")
    func later() async throws {
        try await running { site, _ in
            await trouble(site, ["mbx01", "mbx02"])
            _ = try await site.changes.add(
                OverrideRequest(identity: #"Mail\Monitor"#, property: "degradedFor", value: "1h", seconds: 86400, by: "test"))
            try await pass(to: 602, site)
            #expect(await eventuallyDone(["unhealthy mbx01", "unhealthy mbx02"]))
        }
    }

    @Test("what waited when the agent ended is done by the next one, when the throttle allows it, and nothing twice")
    func restored() async throws {
        try await running { site, _ in await trouble(site, ["mbx01", "mbx02"]) }
        try await running { site, _ in
            site.set(TroubledSite.failure, on: ["mbx01", "mbx02"])
            try await pass(to: 598, site)
            #expect(done == ["unhealthy mbx01"])
            try await pass(to: 601, site)
            #expect(await eventuallyDone(["unhealthy mbx01", "unhealthy mbx02"]))
            await site.advance(by: 700)
            #expect(done.count == 2 && refused == ["unhealthy mbx02"])
        }
    }

    @Test("a change that nobody had answered when the agent ended is answered by the next one, if the trouble is still there")
    func unanswered() async throws {
        try await running([]) { site, _ in
            site.set(TroubledSite.failure, on: ["mbx01", "mbx02"])
            #expect(await site.advance { await site.states(.unhealthy) == 2 })
        }
        try await running { site, _ in
            site.set(TroubledSite.failure, on: ["mbx02"])
            #expect(await site.advance { done == ["unhealthy mbx02"] })
            await site.advance(by: 700)
            #expect(done == ["unhealthy mbx02"] && refused.isEmpty)
        }
    }

    @Test("a run that could not judge says nothing of whether the trouble is still there")
    func unjudged() async throws {
        try await running([]) { site, _ in
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await site.advance { await site.states(.unhealthy) == 1 })
        }
        try await running { site, _ in
            site.set(Finding(.unknown, stage: .endpoint, reason: .notObserved, sentence: "not seen"), on: ["mbx01"])
            await site.advance(by: 40)
            #expect(done.isEmpty && refused.isEmpty)
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await site.advance(atMost: 300) { done == ["unhealthy mbx01"] })
        }
    }

    @Test("a trouble whose monitor the files disable while no agent runs is over with the next start")
    func disabledMeanwhile() async throws {
        try await running { site, _ in await trouble(site, ["mbx01"]) }
        #expect(journal.restored.episodes.count { $0.ended == nil } == 1)
        let site = try TroubledSite(Self.servers, time: time, observers: [], journal: journal, isMonitored: false)
        #expect(journal.restored.episodes.map { $0.ended != nil } == [true])
        withExtendedLifetime(site) {}
    }

    @Test("what was about to be done when the agent ended is done by the next one")
    func notBegun() async throws {
        try await running(isSlow: true) { site, _ in
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await site.advance { journal.attempts.contains { $0.outcome == .begun } })
        }
        #expect(journal.restored.attempts.map(\.detail) == ["the agent is shutting down"])
        try await running { site, _ in
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await site.advance(atMost: 300) { done == ["unhealthy mbx01"] })
        }
    }

    @Test("an end that was not told when the agent ended is told once by the next one, to who was told of the trouble")
    func recovered() async throws {
        let responders = [Self.responder([.unhealthy, .recovered])]
        try await running(responders) { site, _ in await trouble(site, ["mbx01"]) }
        try await running([]) { site, _ in #expect(await site.advance { await site.states(.healthy) == 3 }) }
        for _ in 1...2 {
            try await running(responders) { site, _ in
                #expect(await site.advance { await site.states(.healthy) == 3 })
                #expect(await eventuallyDone(["unhealthy mbx01", "recovered mbx01"]))
                await site.advance(by: 20)
                #expect(done.count == 2 && refused.isEmpty)
            }
        }
    }
}
