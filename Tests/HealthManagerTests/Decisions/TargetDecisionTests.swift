import API
import Addresses
import FoundationEssentials
import HealthManager
import Logging
import Monitoring
import Probing
import Synchronization
import TestSupport
import Testing

/// Overrides of probes and monitors that are aimed at targets.
@Suite struct TargetDecisionTests {
    private struct Kind: ProbeKind {
        static let name = "aimed"
        let aim = KindAim.targets
        let guide = KindGuide(checks: [], stages: [.endpoint], reasons: [], options: [.init("word", "", settableThroughAgent: true)])
        let read: Count

        func readOptions(_ reader: SettingsReader) -> String {
            read.value.withLock { $0 += 1 }
            return reader.string("word") ?? ""
        }

        func discover(_ options: String, at place: Place) -> Discovery { .probe(Run()) }
    }

    private struct Run: Probe {
        func run(_ context: RunContext) async -> Outcome { Outcome() }
    }

    private final class Count: Sendable { let value = Mutex(0) }

    private let read = Count()
    private let time = ManualTime()

    /// `Web\Pages` with the monitor `Web\PagesMonitor`; the name `two.test` has two addresses.
    private func manager(_ targets: [String], enabled: Bool = true) async throws -> HealthManager {
        let location = SourceLocation(path: "pages.yaml")
        let definition = ProbeDefinition(
            identity: ProbeIdentity(healthSet: "Web", name: "Pages"), kind: ConfiguredKind(Kind(read: read)), summary: "",
            scope: .targets(TargetList(targets, everyAddress: true)), every: .seconds(60), timeout: .seconds(5), enabled: enabled,
            monitors: [MonitorDefinition(name: "PagesMonitor", rule: .consecutiveFailures(1))],
            location: location)
        var configuration = AgentConfiguration()
        configuration.organization.servers = [Server(name: "mbx01")]
        let plan = Plan(configuration: configuration, definitions: [definition])
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var world = TargetSourceProvider.empty
        world.addresses = { $0 == "two.test" ? ["192.0.2.1", "192.0.2.2"].compactMap { NetworkAddress($0) } : [] }
        let manager = try HealthManager(
            ManagerServices(
                kinds: KindCatalog([Kind(read: read)]), readPlan: { () throws(ConfigurationRefused) in plan },
                configurationPath: "agent.yaml", time: time, targets: TargetLists(world: world, time: time, logger: logger),
                logger: logger))
        await manager.lookAtTargets()
        await Forecaster(manager).runAll()
        return manager
    }

    private func add(_ manager: HealthManager, _ item: String, _ property: String, _ value: String, server: String? = nil) async throws
        -> Override
    {
        try await ChangeRequests(manager).add(
            OverrideRequest(identity: item, property: property, value: value, server: server, seconds: 60, by: "alice"))
    }

    private func refusal(_ manager: HealthManager, _ item: String, _ property: String, _ value: String, server: String? = nil) async
        -> String
    {
        do { return "taken: \(try await add(manager, item, property, value, server: server).identity)" } catch { return "\(error)" }
    }

    private static func retries(_ manager: HealthManager) async -> [String: [Int]] {
        Dictionary(await manager.snapshot().probes.map { ($0.key.identity.target ?? "", [$0.definition.retries]) }, uniquingKeysWith: +)
    }

    @Test("an override of one target, named as it is printed, is in force for all its addresses and for nothing else")
    func probe() async throws {
        let manager = try await manager(["two.test", "https://192.0.2.9/a", "https://192.0.2.9/A"] + (0..<20).map { "192.0.2.\($0 + 10)" })
        #expect(try await add(manager, "Web\\Pages\\two.test", "retries", "3").identity == "Web\\Pages\\two.test")
        #expect(try await add(manager, "web/pages/https://192.0.2.9/A", "retries", "2").identity == "Web\\Pages\\https://192.0.2.9/A")
        var retries = await Self.retries(manager)
        #expect(retries.removeValue(forKey: "two.test") == [3, 3] && retries.removeValue(forKey: "https://192.0.2.9/A") == [2])
        #expect(retries.values.allSatisfy { $0 == [0] } && retries.count == 21)
        // Only what was changed is run anew.
        let unrun = await manager.snapshot().probes.filter { $0.latest == nil }.compactMap(\.key.identity.target)
        #expect(unrun.sorted() == ["https://192.0.2.9/A", "two.test", "two.test"])
        // What is said of one target wins over what is said of all.
        _ = try await add(manager, "Web/Pages", "retries", "1")
        retries = await Self.retries(manager)
        #expect(retries["two.test"] == [3, 3] && retries["https://192.0.2.9/a"] == [1])
        _ = try await ChangeRequests(manager).remove(
            OverrideRemoval(identity: "Web/Pages/https://192.0.2.9/A", property: "retries", by: "bob"))
        _ = try await ChangeRequests(manager).remove(OverrideRemoval(identity: "Pages", property: "retries", by: "bob"))
        #expect(await manager.snapshot().overrides.map(\.identity) == ["Web\\Pages\\two.test"])
        #expect(await Self.retries(manager).filter { $0.value != [0] } == ["two.test": [3, 3]])
    }

    @Test("an override of a monitor of one target, named as it is printed, is in force for that one alone")
    func monitor() async throws {
        let manager = try await manager(["two.test", "192.0.2.9"])
        #expect(try await add(manager, "Web\\PagesMonitor\\TWO.test", "enabled", "false").identity == "Web\\PagesMonitor\\two.test")
        func disabled() async -> [String?] {
            HealthReport(await manager.snapshot()).monitors.filter { $0.alertValue == "Disabled" }.map(\.target)
        }
        #expect(await disabled() == ["two.test", "two.test"])
        _ = try await ChangeRequests(manager).remove(OverrideRemoval(identity: "PagesMonitor/two.test", property: "enabled", by: "bob"))
        #expect(await disabled() == [])
    }

    @Test("what could never be in force is refused, with what to write instead")
    func refused() async throws {
        let manager = try await manager(["two.test", "192.0.2.9"])
        let nowhere = "probe 'Web/Pages' has no target 'tow.test'; similar names: two.test"
        #expect(await refusal(manager, "Web/Pages/tow.test", "retries", "1") == nowhere)
        #expect(await refusal(manager, "Web/PagesMonitor/tow.test", "enabled", "false") == nowhere)
        for (name, server) in [("Pages", "mbx01"), ("PagesMonitor", "mbx01"), ("Pages", "mbx09")] {
            #expect(
                await refusal(manager, "Web/\(name)", "enabled", "false", server: server)
                    == "'Web/\(name)' applies to targets, not to servers: omit --server and specify Web/\(name)/TARGET")
        }
        #expect(
            await refusal(manager, "PagesMonitr", "enabled", "false").hasSuffix("similar names of monitors and responders: PagesMonitor"))
        #expect(
            await refusal(manager, "ticket", "enabled", "false")
                == "there is no probe 'ticket'; defined probes: Web/Pages; there is no monitor or responder with that name either")
        #expect(await refusal(manager, "Web/Pages/two.test", "evry", "20s").contains("unknown property"))
        let disabled = try await self.manager(["two.test"], enabled: false)
        #expect(
            await refusal(disabled, "Web/Pages", "enabled", "true").hasSuffix(
                "pages.yaml sets enabled: false, and its targets are only known once it is enabled"))
    }

    @Test("a thousand targets share their definition, also as an override leaves it; one of its own has that target alone")
    func shared() async throws {
        let manager = try await manager((0..<1000).map { "192.0.\($0 / 250).\($0 % 250)" })
        _ = try await add(manager, "Web/Pages", "options.word", "other")
        _ = try await add(manager, "Web/Pages/192.0.2.7", "retries", "1")
        let definitions = await manager.snapshot().probes.map { ObjectIdentifier($0.definition) }
        #expect(definitions.count == 1000 && Set(definitions).count == 2)
        #expect(read.value.withLock { $0 } < 20)
    }
}
