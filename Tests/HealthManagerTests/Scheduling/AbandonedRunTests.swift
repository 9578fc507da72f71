import FoundationEssentials
import HealthManager
import Logging
import Monitoring
import Probing
import Synchronization
import TestSupport
import Testing

/// Runs that nobody needs any more.
@Suite(.timeLimit(.minutes(2))) struct AbandonedRunTests {
    /// Hangs on the server `hangs` until it is cancelled, as long as it is told to.
    private struct Kind: ProbeKind {
        static let name = "hang"
        let guide = KindGuide(checks: [], stages: [.endpoint], reasons: [.timeout])
        let site: Site

        func readOptions(_ reader: SettingsReader) -> Bool { true }
        func discover(_ options: Bool, at place: Place) -> Discovery {
            .probe(Run(site: site, hangs: place.server?.name.hasPrefix("hangs") ?? false))
        }
    }

    private struct Run: Probe {
        let site: Site
        let hangs: Bool

        func run(_ context: RunContext) async -> Outcome {
            guard hangs, site.isHanging.load(ordering: .relaxed) else { return Outcome() }
            site.hung.add(1, ordering: .relaxed)
            try? await ManualTime().sleep(until: .seconds(1))
            site.cancelled.add(1, ordering: .relaxed)
            return Outcome()
        }
    }

    private final class Site: Sendable {
        let isHanging = Atomic(true)
        let hung = Atomic(0)
        let cancelled = Atomic(0)
    }

    private let site = Site()
    private let time = ManualTime()

    private func plan(_ servers: [String]) -> Plan {
        var configuration = AgentConfiguration()
        configuration.organization.servers = servers.map { Server(name: $0) }
        let definition = ProbeDefinition(
            identity: ProbeIdentity(healthSet: "Test", name: "Probe"), kind: ConfiguredKind(Kind(site: site)), summary: "",
            scope: .server(role: .mailbox), every: .seconds(3600), timeout: .seconds(3000), location: SourceLocation(path: "test.yaml"))
        return Plan(configuration: configuration, definitions: [definition])
    }

    /// Two runs hang, and are all that may run at once.
    private func whileHung(_ act: (HealthManager, SharedPlan) async throws -> Void) async throws {
        let plan = SharedPlan(plan(["hangs1", "hangs2"]))
        var limits = RunLimits()
        limits.overall = 2
        let manager = try HealthManager(
            ManagerServices(
                kinds: KindCatalog([Kind(site: site)]), readPlan: { () throws(ConfigurationRefused) in plan.value.withLock { $0 } },
                configurationPath: "agent.yaml", time: time, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }),
            limits: limits)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await manager.run() }
            #expect(await passes { site.hung.load(ordering: .relaxed) == 2 })
            site.isHanging.store(false, ordering: .relaxed)
            try await act(manager, plan)
            #expect(await passes { site.cancelled.load(ordering: .relaxed) == 2 })
            group.cancelAll()
        }
    }

    private final class SharedPlan: Sendable {
        let value: Mutex<Plan>
        init(_ plan: Plan) { value = Mutex(plan) }
    }

    /// Lets time pass until it is true, at most a thousand seconds, in which no timeout ends.
    private func passes(_ isTrue: () async -> Bool) async -> Bool {
        await eventually(within: .seconds(60), every: .milliseconds(1)) {
            if time.elapsed < .seconds(1000) { time.advance(by: .milliseconds(100)) }
            return await isTrue()
        }
    }

    @Test("runs from before a restart are cancelled: they do not occupy the places of new ones")
    func restart() async throws {
        try await whileHung { manager, _ in
            try await ChangeRequests(manager).restart()
            #expect(await passes { await manager.snapshot().probes.allSatisfy { $0.latest?.type == .succeeded } })
        }
    }

    @Test("runs of probes that a reload removes are cancelled")
    func reload() async throws {
        try await whileHung { manager, plan in
            let new = self.plan(["good"])
            plan.value.withLock { $0 = new }
            try await ChangeRequests(manager).reload()
            #expect(await passes { await manager.snapshot().probes.first?.latest?.type == .succeeded })
        }
    }
}
