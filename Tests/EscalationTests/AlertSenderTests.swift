import Addresses
import Documents
import Escalation
import FoundationEssentials
import HealthManager
import Logging
import Monitoring
import ServiceLifecycle
import TestSupport
import Testing
import Transfers

/// A real Alertmanager, and agents whose time a test moves.
@Suite struct AlertSenderTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private static let transfers = Transfers()

    /// An agent's monitoring and escalation, without its outside.
    private struct Agent: Sendable {
        let site: TroubledSite
        let sender: AlertSender
    }

    /// Runs an agent while the body runs, then stops it as a kill would: nothing is told any more.
    private func running(
        _ alertmanagers: [String], journal: MemoryJournal = MemoryJournal(), servers: [String] = ["mbx01"],
        _ body: @escaping @Sendable (Agent) async throws -> Void
    ) async throws {
        let time = ManualTime(now: Date())
        var configuration = AgentConfiguration()
        configuration.alertmanagers = alertmanagers.map { AlertmanagerConfiguration(EndpointURL($0)) }
        let sender = AlertSender(
            OutboundClient(Self.transfers, userAgent: "agent/test"), journal: journal, generatorURL: "http://agent.example/", time: time,
            logger: Self.logger)
        let site = try TroubledSite(
            servers, configuration: configuration, time: time, observers: [sender], journal: journal, keepsDate: true)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await site.manager.run() }
            group.addTask { try await sender.service { await site.manager.alerts() }.run() }
            try await body(Agent(site: site, sender: sender))
            group.cancelAll()
        }
    }

    private static func ledger(_ agent: Agent, _ url: String) -> AlertLedger { agent.sender.ledgers[url] ?? AlertLedger() }

    @Test("an alert is there as soon as its monitor is Unhealthy, and gone as soon as it has recovered")
    func comesAndGoes() async throws {
        let alertmanager = try await Alertmanager()
        try await running([alertmanager.url + "/"]) { agent async throws in
            agent.site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await agent.site.advance { await agent.site.states(.degraded) == 1 })
            #expect(try await alertmanager.alerts().isEmpty)
            #expect(await agent.site.advance { await agent.site.states(.unhealthy) == 1 })
            #expect(try await alertmanager.fires(1))
            let alert = try #require(try await alertmanager.alerts().first)
            #expect(
                alert.labels == ["alertname": "Monitor", "health_set": "Mail", "severity": "critical", "server": "mbx01"])
            #expect(alert.annotations["description"] == "nobody listens" && alert.generatorURL == "http://agent.example/")
            let end = try #require(JSONText.date(alert.endsAt))
            #expect(abs(end.timeIntervalSinceNow - 240) < 60, "four intervals: \(alert.endsAt)")
            agent.site.set(nil, on: ["mbx01"])
            #expect(await agent.site.advance { await agent.site.states(.healthy) == 1 })
            #expect(try await alertmanager.fires(0))
            let ledger = Self.ledger(agent, alertmanager.url + "/")
            #expect(ledger.failures == 0 && ledger.alertsSent >= 2 && ledger.lastSuccess != nil)
        }
    }

    @Test("it is sent again at each interval while it lasts")
    func resent() async throws {
        let alertmanager = try await Alertmanager()
        try await running([alertmanager.url]) { agent async throws in
            agent.site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await agent.site.advance { await agent.site.states(.unhealthy) == 1 })
            #expect(try await alertmanager.fires(1))
            let sent = Self.ledger(agent, alertmanager.url).alertsSent
            await agent.site.advance(by: 61)
            #expect(await eventually(within: .seconds(60)) { Self.ledger(agent, alertmanager.url).alertsSent > sent })
        }
    }

    @Test("maintenance ends an alert at once, and lets it come back when it is over")
    func maintenance() async throws {
        let alertmanager = try await Alertmanager()
        try await running([alertmanager.url]) { agent async throws in
            agent.site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await agent.site.advance { await agent.site.states(.unhealthy) == 1 })
            #expect(try await alertmanager.fires(1))
            _ = try await agent.site.changes.start(MaintenanceRequest(server: "mbx01", by: "test"))
            #expect(try await alertmanager.fires(0))
            await agent.site.advance(by: 200)
            #expect(try await alertmanager.alerts().isEmpty)
            _ = try await agent.site.changes.end(MaintenanceEnd(server: "mbx01", by: "test"))
            #expect(try await alertmanager.fires(1))
        }
    }

    @Test("what begins in maintenance is silent; an acknowledged alert goes on and says so")
    func silence() async throws {
        let alertmanager = try await Alertmanager()
        try await running([alertmanager.url], servers: ["mbx01", "mbx02"]) { agent async throws in
            _ = try await agent.site.changes.start(MaintenanceRequest(server: "mbx01", by: "test"))
            agent.site.set(TroubledSite.failure, on: ["mbx01", "mbx02"])
            #expect(await agent.site.advance { await agent.site.states(.unhealthy) == 2 })
            #expect(try await alertmanager.fires(1))
            #expect(try await alertmanager.alerts().first?.labels["server"] == "mbx02")
            _ = try await agent.site.changes.acknowledge(AcknowledgeRequest(monitor: "Monitor", server: "mbx02", by: "test"))
            #expect(
                await eventually(within: .seconds(60)) {
                    (try? await alertmanager.alerts())?.first?.annotations["acknowledged"]?.hasPrefix("by test at ") ?? false
                })
            #expect(try await alertmanager.fires(1))
        }
    }

    @Test("an agent that restarts notifies nobody again, and still resolves; nor does one that finds it over")
    func restart() async throws {
        let hook = try await HookServer()
        let alertmanager = try await Alertmanager(notifying: hook.url("/notified"))
        let journal = MemoryJournal()
        let statuses = { @Sendable in hook.statuses("/notified") }
        try await running([alertmanager.url], journal: journal) { agent async throws in
            agent.site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await agent.site.advance { await agent.site.states(.unhealthy) == 1 })
            #expect(try await alertmanager.fires(1))
            #expect(await eventually(within: .seconds(60)) { statuses() == ["firing"] })
        }
        let before = try await alertmanager.alerts().first
        try await running([alertmanager.url], journal: journal) { agent async throws in
            agent.site.set(TroubledSite.failure, on: ["mbx01"])
            await agent.site.advance(by: 130)
            #expect(await eventually(within: .seconds(60)) { Self.ledger(agent, alertmanager.url).alertsSent >= 2 })
            let after = try await alertmanager.alerts()
            #expect(after.count == 1 && after.first?.startsAt == before?.startsAt)
            #expect(statuses() == ["firing"])
        }
        try await running([alertmanager.url], journal: journal) { agent async throws in
            #expect(await agent.site.advance { await agent.site.states(.healthy) == 1 })
            #expect(try await alertmanager.fires(0))
            #expect(await eventually(within: .seconds(60)) { statuses() == ["firing", "resolved"] })
        }
    }

    @Test("an alert outlives ten minutes without an Alertmanager, which is tried again with growing pauses")
    func down() async throws {
        let port = try await Alertmanager.freePort()
        let url = "http://127.0.0.1:\(port)"
        try await running([url]) { agent async throws in
            agent.site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await agent.site.advance { await agent.site.states(.unhealthy) == 1 })
            #expect(await eventually(within: .seconds(10), every: .milliseconds(10)) { Self.ledger(agent, url).consecutiveFailures > 0 })
            for _ in 0..<10 {
                let failures = Self.ledger(agent, url).failures
                await agent.site.advance(by: 60)
                // Every minute brings a try at least; it is over before time moves on.
                #expect(await eventually(within: .seconds(5), every: .milliseconds(10)) { Self.ledger(agent, url).failures > failures })
            }
            let ledger = Self.ledger(agent, url)
            #expect(ledger.consecutiveFailures >= 10 && ledger.consecutiveFailures < 60 && ledger.problem != nil)
            #expect(ledger.lastSuccess == nil && ledger.alertsSent == 0)
            let alertmanager = try await Alertmanager(port: port)
            await agent.site.advance(by: 61)
            #expect(try await alertmanager.fires(1))
            #expect(await eventually(within: .seconds(60)) { Self.ledger(agent, url).problem == nil })
        }
    }

    @Test("an Alertmanager that is silent and one that is not there delay no other")
    func others() async throws {
        let alertmanager = try await Alertmanager()
        let silent = try Program(
            Program.python,
            [
                "-c",
                """
                import socket, sys
                listener = socket.create_server(("127.0.0.1", 0))
                print("port", listener.getsockname()[1], "end", file=sys.stderr, flush=True)
                peers = []
                while True: peers.append(listener.accept())
                """,
            ])
        #expect(await silent.says("port"))
        let port = silent.errors.split(separator: " ")[1]
        let absent = try await Alertmanager.freePort()
        try await running(["http://127.0.0.1:\(port)", "http://127.0.0.1:\(absent)", alertmanager.url]) { agent async throws in
            agent.site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await agent.site.advance { await agent.site.states(.unhealthy) == 1 })
            #expect(try await eventually(within: .seconds(60)) { try await alertmanager.alerts().count == 1 })
            #expect(Self.ledger(agent, "http://127.0.0.1:\(absent)").consecutiveFailures > 0)
            #expect(Self.ledger(agent, "http://127.0.0.1:\(port)").alertsSent == 0)
        }
        silent.send(9)
    }

    @Test("two agents that see the same trouble make one alert")
    func twoAgents() async throws {
        let alertmanager = try await Alertmanager()
        try await running([alertmanager.url]) { one async throws in
            try await running([alertmanager.url]) { other async throws in
                for agent in [one, other] {
                    agent.site.set(TroubledSite.failure, on: ["mbx01"])
                    #expect(await agent.site.advance { await agent.site.states(.unhealthy) == 1 })
                    #expect(await eventually(within: .seconds(60)) { Self.ledger(agent, alertmanager.url).alertsSent > 0 })
                }
                #expect(try await alertmanager.alerts().count == 1)
            }
        }
    }

    @Test("a plan that names another Alertmanager: the old one is asked no more, the new one at once")
    func replaced() async throws {
        let hook = try await HookServer()
        let (older, newer) = (hook.url("/older"), hook.url("/newer"))
        try await running([older]) { agent async throws in
            #expect(await eventually(within: .seconds(60)) { hook.requests("/older/api/v2/alerts").count == 1 })
            var configuration = AgentConfiguration()
            configuration.alertmanagers = [AlertmanagerConfiguration(EndpointURL(newer))]
            agent.sender.changed(.adopted(Plan(configuration: configuration, definitions: [])))
            #expect(await eventually(within: .seconds(60)) { hook.requests("/newer/api/v2/alerts").count == 1 })
            await agent.site.advance(by: 61)
            #expect(await eventually(within: .seconds(60)) { hook.requests("/newer/api/v2/alerts").count == 2 })
            #expect(hook.requests("/older/api/v2/alerts").count == 1)
            #expect(hook.requests("/newer/api/v2/alerts").map(\.body) == ["[]", "[]"])
            #expect(Array(agent.sender.ledgers.keys) == [newer])
        }
    }
}
