import Documents
import Escalation
import FoundationEssentials
import HealthManager
import Logging
import Monitoring
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

/// Acts as a test says, and tells it of each action.
private final class Hand: ResponderActing {
    let acted = Mutex<[(responder: String, event: ResponderEvent)]>([])
    /// Responders whose actions end with the test only.
    let hanging: Set<String>

    init(hanging: Set<String> = []) { self.hanging = hanging }

    func act(_ responder: Responder, event: ResponderEvent) async -> ActionResult {
        acted.withLock { $0.append((responder.name, event)) }
        if hanging.contains(responder.name) { await AsyncStream<Void> { _ in }.first { _ in true } }
        return ActionResult(true, "done")
    }

    func events(_ responder: String = "r") -> [ResponderEvent] { acted.withLock { $0.filter { $0.responder == responder }.map(\.event) } }
}

@Suite struct ResponderDispatcherTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private let time = ManualTime()
    private let journal = MemoryJournal()

    private static func responder(
        _ name: String = "r", _ triggers: Set<Responder.Trigger> = [.unhealthy], unthrottled: Bool = false
    ) -> Responder {
        var responder = Responder(name: name, action: .command(["true"]))
        responder.triggers = triggers
        if unthrottled {
            responder.perServer = ThrottleLimits(minimumBetween: .zero, perHour: 100_000, perDay: 100_000)
            responder.acrossServers = responder.perServer
        }
        return responder
    }

    /// Runs an agent with those responders while the body runs, then stops it.
    private func running(
        _ servers: [String], _ responders: [Responder], _ hand: Hand,
        _ body: @escaping @Sendable (TroubledSite, ResponderDispatcher) async throws -> Void
    ) async throws {
        var configuration = AgentConfiguration()
        configuration.responders = responders
        let dispatcher = ResponderDispatcher(hand, journal: journal, restored: journal.restored, time: time, logger: Self.logger)
        let site = try TroubledSite(servers, configuration: configuration, time: time, observers: [dispatcher], journal: journal)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await site.manager.run() }
            group.addTask { try await dispatcher.service(asking: site.manager).run() }
            try await body(site, dispatcher)
            group.cancelAll()
        }
    }

    @Test("degraded, unhealthy and recovered are answered, each once, with what the episode says")
    func triggers() async throws {
        let hand = Hand()
        try await running(["mbx01"], [Self.responder("r", [.degraded, .unhealthy, .recovered], unthrottled: true)], hand) { site, _ in
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await site.advance { hand.events().count >= 1 })
            #expect(hand.events()[0].trigger == "degraded")
            #expect(await site.advance { hand.events().count >= 2 })
            let event = hand.events()[1]
            #expect(event.trigger == "unhealthy" && event.monitor == #"Mail\Monitor"# && event.probe == #"Mail\Probe"#)
            #expect(event.server == "mbx01" && event.reason == "connect_refused" && event.sentence == "nobody listens")
            #expect(event.severity == "critical" && event.ended == nil && event.remedy != nil && event.target == nil)
            site.set(nil, on: ["mbx01"])
            #expect(await site.advance { hand.events().count >= 3 })
            #expect(hand.events()[2].trigger == "recovered" && hand.events()[2].episode == event.episode && hand.events()[2].ended != nil)
            await site.advance(by: 100)
            #expect(hand.events().count == 3)
        }
    }

    @Test("what recovers before it was Unhealthy was told to nobody as such, and is not told as recovered")
    func blip() async throws {
        let hand = Hand()
        try await running(["mbx01"], [Self.responder("r", [.unhealthy, .recovered], unthrottled: true)], hand) { site, _ in
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await site.advance { await site.states(.degraded) == 1 })
            site.set(nil, on: ["mbx01"])
            #expect(await site.advance { await site.states(.healthy) == 1 })
            await site.advance(by: 100)
            #expect(hand.events().isEmpty)
        }
    }

    @Test("who was told of the trouble is told of its end, however short the throttle is held")
    func recovery() async throws {
        let hand = Hand()
        try await running(["mbx01"], [Self.responder("r", [.unhealthy, .recovered])], hand) { site, dispatcher in
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await site.advance { hand.events().count == 1 })
            site.set(nil, on: ["mbx01"])
            #expect(await site.advance { hand.events().count == 2 })
            #expect(hand.events().map(\.trigger) == ["unhealthy", "recovered"])
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await site.advance { dispatcher.ledger.counts[.init(responder: "r", outcome: .refused)] == 1 })
            site.set(nil, on: ["mbx01"])
            #expect(await site.advance { dispatcher.ledger.counts[.init(responder: "r", outcome: .refused)] == 2 })
            #expect(hand.events().count == 2)
        }
    }

    @Test("an attempt is settled in the journal as begun before it is made, and its outcome follows under the same id")
    func attempts() async throws {
        let journal = journal
        final class Looker: ResponderActing {
            let journal: MemoryJournal
            let seen = Mutex<[Attempt]>([])
            init(_ journal: MemoryJournal) { self.journal = journal }
            func act(_ responder: Responder, event: ResponderEvent) async -> ActionResult {
                seen.withLock { $0 = journal.settledAttempts }
                return ActionResult(false, "it broke")
            }
        }
        let looker = Looker(journal)
        var configuration = AgentConfiguration()
        configuration.responders = [Self.responder()]
        let dispatcher = ResponderDispatcher(looker, journal: journal, time: time, logger: Self.logger)
        let site = try TroubledSite(["mbx01"], configuration: configuration, time: time, observers: [dispatcher], journal: journal)
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await site.manager.run() }
            group.addTask { try await dispatcher.service(asking: site.manager).run() }
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await site.advance { journal.attempts.count == 2 })
            group.cancelAll()
        }
        let before = looker.seen.withLock { $0 }
        #expect(before.map(\.outcome) == [.begun])
        #expect(journal.attempts.map(\.outcome) == [.begun, .failed] && journal.attempts[0].id == journal.attempts[1].id)
        #expect(journal.attempts[1].detail == "it broke")
        #expect(dispatcher.ledger.latest.map(\.outcome) == [.failed])
        #expect(dispatcher.ledger.counts == [.init(responder: "r", outcome: .failed): 1])
    }

    @Test("with a broken journal it acts all the same")
    func brokenJournal() async throws {
        let hand = Hand()
        journal.breakDown()
        try await running(["mbx01"], [Self.responder()], hand) { site, _ in
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await site.advance { hand.events().count >= 1 })
        }
    }

    @Test("a hundred monitors that fail at once start no more actions than the throttle allows; the others are told as refused")
    func storm() async throws {
        let hand = Hand()
        let servers = (1...100).map { "mbx\($0)" }
        var responder = Self.responder()
        responder.acrossServers.minimumBetween = .seconds(3600)
        try await running(servers, [responder], hand) { site, dispatcher in
            site.set(TroubledSite.failure, on: servers)
            #expect(await site.advance { dispatcher.ledger.counts.values.reduce(0, +) == 100 })
            #expect(hand.events().count == 1)
            #expect(dispatcher.ledger.counts[.init(responder: "r", outcome: .refused)] == 99)
            #expect(dispatcher.ledger.latest.contains { $0.detail == "less than 1h since the last action across all servers" })
        }
        #expect(journal.restored.attempts.count == 100)
    }

    @Test("a hundred that fail at once with ten a day allowed: ten act, also where they fail again after a restart")
    func stormOverRestart() async throws {
        let servers = (1...100).map { "mbx\($0)" }
        var responder = Self.responder("r", [.degraded])
        responder.perServer = ThrottleLimits(minimumBetween: .zero, perHour: 100, perDay: 100)
        responder.acrossServers = ThrottleLimits(minimumBetween: .zero, perHour: 10, perDay: 10)
        let (first, second) = (Hand(), Hand())
        try await running(servers, [responder], first) { site, dispatcher in
            site.set(TroubledSite.failure, on: servers)
            #expect(await site.advance { dispatcher.ledger.counts.values.reduce(0, +) == 100 })
        }
        #expect(first.events().count == 10)
        try await running(servers, [responder], second) { site, dispatcher in
            #expect(await site.advance { await site.states(.healthy) == 100 })
            site.set(TroubledSite.failure, on: servers)
            #expect(await site.advance { dispatcher.ledger.counts.values.reduce(0, +) == 100 })
            #expect(dispatcher.ledger.counts[.init(responder: "r", outcome: .refused)] == 100)
        }
        #expect(second.events().isEmpty)
    }

    @Test("an agent that restarts in the middle of an episode does not answer it again")
    func restart() async throws {
        let (first, second) = (Hand(), Hand())
        let responders = [Self.responder("r", [.degraded, .unhealthy, .recovered], unthrottled: true)]
        try await running(["mbx01"], responders, first) { site, _ in
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await site.advance { first.events().count >= 2 })
        }
        try await running(["mbx01"], responders, second) { site, _ in
            site.set(TroubledSite.failure, on: ["mbx01"])
            await site.advance(by: 200)
            #expect(second.events().isEmpty)
            site.set(nil, on: ["mbx01"])
            #expect(await site.advance { second.events().count >= 1 })
            #expect(second.events()[0].trigger == "recovered" && second.events()[0].episode == first.events()[0].episode)
        }
    }

    @Test("maintenance, an override and a name that is not meant keep it from acting; two of the three are told")
    func refusals() async throws {
        let hand = Hand()
        var elsewhere = Self.responder("elsewhere", [.degraded])
        elsewhere.monitors = ["OAuth"]
        let responders = [Self.responder("r", [.degraded]), Self.responder("off", [.degraded]), elsewhere]
        try await running(["mbx01", "mbx02"], responders, hand) { site, dispatcher in
            _ = try await site.changes.start(MaintenanceRequest(server: "mbx01", by: "test"))
            _ = try await site.changes.add(
                OverrideRequest(identity: "off", property: "enabled", value: "false", seconds: 86400, by: "test"))
            site.set(TroubledSite.failure, on: ["mbx01", "mbx02"])
            #expect(await site.advance { dispatcher.ledger.counts.values.reduce(0, +) == 4 })
            #expect(hand.events().map(\.server) == ["mbx02"])
            #expect(hand.events("off").isEmpty && hand.events("elsewhere").isEmpty)
            #expect(
                dispatcher.ledger.latest.contains {
                    $0.responder == "r" && $0.server == "mbx01" && $0.detail.hasPrefix("maintenance since")
                })
            #expect(dispatcher.ledger.latest.count { $0.responder == "off" && $0.detail == "the responder is disabled" } == 2)
        }
    }

    @Test("actions that never end delay no other responder, and only so many of them run at once")
    func hanging() async throws {
        let hand = Hand(hanging: ["stuck"])
        let servers = (1...40).map { "mbx\($0)" }
        let responders = [Self.responder("stuck", unthrottled: true), Self.responder("r", unthrottled: true)]
        try await running(servers, responders, hand) { site, _ in
            site.set(TroubledSite.failure, on: servers)
            #expect(await site.advance { hand.events().count >= 40 && hand.events("stuck").count >= 8 })
            await site.advance(by: 10)
            #expect(hand.events("stuck").count == 8)
        }
    }

    @Test("many responders whose actions never end delay none of the others")
    func manyHanging() async throws {
        let stuck = (1...4).map { "stuck\($0)" }
        let hand = Hand(hanging: Set(stuck))
        let servers = (1...20).map { "mbx\($0)" }
        try await running(servers, (stuck + ["r"]).map { Self.responder($0, unthrottled: true) }, hand) { site, _ in
            site.set(TroubledSite.failure, on: servers)
            #expect(await site.advance(atMost: 200) { hand.events().count == 20 && stuck.allSatisfy { hand.events($0).count == 8 } })
        }
    }

    @Test("the event's JSON has the keys that are promised")
    func json() async throws {
        let hand = Hand()
        try await running(["mbx01"], [Self.responder()], hand) { site, _ in
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await site.advance { hand.events().count >= 1 })
        }
        var event = hand.events()[0]
        event.began = Date(timeIntervalSince1970: 1_800_000_000)
        event.episode = try #require(UUID(uuidString: "00000000-0000-0000-0000-000000000001"))
        event.remedy = "do"
        let text = String(decoding: try JSONText.encode(event), as: UTF8.self)
        let expected = """
            {"began":"2027-01-15T08:00:00Z","episode":"00000000-0000-0000-0000-000000000001","healthSet":"Mail","monitor":"Mail\\\\Monitor",\
            "probe":"Mail\\\\Probe","reason":"connect_refused","remedy":"do","sentence":"nobody listens","server":"mbx01",\
            "severity":"critical","trigger":"unhealthy"}
            """
        #expect(text == expected)
    }

    @Test("a command's arguments may name every key of the event, and no other")
    func placeholders() async throws {
        let hand = Hand()
        try await running(["mbx01"], [Self.responder()], hand) { site, _ in
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await site.advance { hand.events().count >= 1 })
        }
        var event = hand.events()[0]
        (event.target, event.address, event.cause, event.thumbprint, event.ended) = ("t", "a", "c", "7", event.began)
        let written = try JSONText.decode([String: String].self, from: try JSONText.encode(event))
        #expect(Dictionary(uniqueKeysWithValues: event.fields.map { ($0.name, $0.value) }) == written)
        #expect(ResponderEvent.placeholders == event.fields.map(\.name))
    }
}
