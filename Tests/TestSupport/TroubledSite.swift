import FoundationEssentials
package import HealthManager
import Logging
package import Monitoring
package import Probing
import Synchronization

/// A health manager whose probes find what a test says, at each run anew.
///
/// One probe for each server, `Mail\Probe`, every ten seconds; its monitor `Mail\Monitor` is Degraded at the first failure, Unhealthy after a
/// minute. With causes there is `Mail\Cause` too, every minute, monitored by `Mail\CauseMonitor`; its findings are those on `SERVER/Cause`.
package final class TroubledSite: Sendable {
    private struct Kind: ProbeKind {
        static let name = "troubled"
        let guide = KindGuide(checks: [], stages: [.endpoint], reasons: [.timeout])
        let findings: Findings

        func readOptions(_ reader: SettingsReader) -> String { reader.string("place") ?? "" }
        func discover(_ options: String, at place: Place) -> Discovery {
            .probe(Run(findings: findings, server: (place.server?.name ?? "") + options))
        }
    }

    private struct Run: Probe {
        let findings: Findings
        let server: String

        func run(_ context: RunContext) async -> Outcome {
            var outcome = Outcome()
            if let finding = findings.of.withLock({ $0[server] }) { outcome.findings = [finding] }
            return outcome
        }
    }

    private final class Findings: Sendable {
        let of = Mutex<[String: Finding]>([:])
    }

    package static let failure = Finding(.failure, stage: .endpoint, reason: .connectRefused, sentence: "nobody listens")

    package let manager: HealthManager
    package let changes: ChangeRequests
    private let findings = Findings()
    private let time: ManualTime
    private let keepsDate: Bool

    /// - Parameters:
    ///   - keepsDate: the wall clock stays that of the machine, for other programs to agree with, while time passes.
    ///   - isMonitored: whether the files leave `Mail\Monitor` enabled.
    package init(
        _ servers: [String], configuration: AgentConfiguration = AgentConfiguration(), time: ManualTime, observers: [any ResultObserver],
        journal: MemoryJournal = MemoryJournal(), keepsDate: Bool = false, withCauses: Bool = false,
        isMonitored: Bool = true
    ) throws {
        self.time = time
        self.keepsDate = keepsDate
        var configuration = configuration
        configuration.organization.servers = servers.map { Server(name: $0) }
        let location = SourceLocation(path: "test.yaml")
        var monitor = MonitorDefinition(name: "Monitor", rule: .consecutiveFailures(1))
        monitor.isEnabled = isMonitored
        let kind = Kind(findings: findings)
        let definition = ProbeDefinition(
            identity: ProbeIdentity(healthSet: "Mail", name: "Probe"), kind: ConfiguredKind(kind), summary: "",
            scope: .server(role: .mailbox), every: .seconds(10), timeout: .seconds(5),
            monitors: [monitor], location: location)
        let cause = ProbeDefinition(
            identity: ProbeIdentity(healthSet: "Mail", name: "Cause"),
            kind: ConfiguredKind(kind, options: .empty(at: location).setting("place", to: "/Cause", at: location)), summary: "",
            scope: .server(role: .mailbox), every: .seconds(60), timeout: .seconds(5),
            monitors: [MonitorDefinition(name: "CauseMonitor", rule: .consecutiveFailures(1))], location: location)
        let plan = Plan(configuration: configuration, definitions: [definition] + (withCauses ? [cause] : []))
        manager = try HealthManager(
            ManagerServices(
                kinds: KindCatalog([kind]), readPlan: { () throws(ConfigurationRefused) in plan },
                configurationPath: "agent.yaml", time: time, journal: journal,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }),
            observers: observers, restored: journal.restored)
        changes = ChangeRequests(manager)
    }

    /// What the next runs on a server find; nil is nothing.
    package func set(_ finding: Finding?, on servers: [String]) {
        findings.of.withLock { findings in for server in servers { findings[server] = finding } }
    }

    /// Moves time on by a second, again and again, until the condition holds; false when it never does. Where real programs take part, they
    /// are then waited for.
    package func advance(atMost seconds: Int = 2000, until condition: () async -> Bool) async -> Bool {
        for _ in 0..<seconds {
            if await condition() { return true }
            await advance(by: 1)
        }
        return keepsDate ? await eventually(within: .seconds(60), condition) : await condition()
    }

    /// Moves time on, second by second.
    package func advance(by seconds: Int) async {
        for _ in 0..<seconds {
            // Never ahead of the real date: an Alertmanager takes no end that is still to come for one.
            if keepsDate { time.jump(by: Date().timeIntervalSince(time.now) - 1) }
            time.advance(by: .seconds(1))
            await settle()
        }
    }

    /// Lets what has become due be done.
    private func settle() async {
        for round in 0..<1000 {
            for _ in 0..<20 { await Task.yield() }
            let running = await manager.agentFacts().facts.running
            if running == 0, round > 1 { return }
        }
    }

    package func states(_ state: HealthState) async -> Int {
        await manager.snapshot().probes.reduce(0) { $0 + $1.monitors.count { $0.state == state } }
    }
}
