import FoundationEssentials
import Logging
import Synchronization
import TestSupport
import Testing

@testable import HealthManager
@testable import Monitoring
@testable import Probing

/// Targets whose URLs hold logins: what they are called, and what is probed.
@Suite struct TargetLoginTests {
    private final class Probed: Sendable {
        let texts = Mutex<[String]>([])
        let listed = Mutex<[String]>([])
    }

    private struct Kind: ProbeKind {
        static let name = "aimed"
        let aim = KindAim.targets
        let guide = KindGuide(
            checks: [], stages: [.endpoint], reasons: [], options: [.init("word", "", settableThroughAgent: true)])
        let probed: Probed

        func readOptions(_ reader: SettingsReader) -> String { reader.string("word") ?? "" }
        func discover(_ options: String, at place: Place) -> Discovery { .probe(Run(target: place.target, probed: probed)) }
    }

    private struct Run: Probe {
        let target: Target?
        let probed: Probed

        func run(_ context: RunContext) async -> Outcome {
            probed.texts.withLock { $0.append(target?.text ?? "") }
            return Outcome()
        }
    }

    private let probed = Probed()
    private let time = ManualTime()

    private func site(_ listed: [String]) throws -> (manager: HealthManager, look: @Sendable () async -> Void) {
        probed.listed.withLock { $0 = listed }
        let probed = probed
        let location = SourceLocation(path: "test.yaml")
        let list = TargetList([], sources: [.init(.files, text: "a.json", place: "a.json")])
        let definition = ProbeDefinition(
            identity: ProbeIdentity(healthSet: "Web", name: "Pages"), kind: ConfiguredKind(Kind(probed: probed)), summary: "",
            scope: .targets(list), every: .seconds(60), timeout: .seconds(5), location: location)
        let world = TargetSourceProvider(
            files: { [$0] },
            file: { _, _ throws(ListUnreadable) in .targets(probed.listed.withLock { $0 }, ListStamp(marks: [])) },
            url: { url, _, _, _ throws(ListUnreadable) in throw ListUnreadable(url) }, addresses: { _ in [] })
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let lists = TargetLists(world: world, time: time, logger: logger)
        let manager = try HealthManager(
            ManagerServices(
                kinds: KindCatalog([Kind(probed: probed)]),
                readPlan: { () throws(ConfigurationRefused) in Plan(configuration: AgentConfiguration(), definitions: [definition]) },
                configurationPath: "agent.yaml", time: time, targets: lists, logger: logger))
        return (
            manager,
            {
                _ = await lists.look(at: definition)
                await manager.takeTargets(of: definition)
            }
        )
    }

    private func invoke(_ manager: HealthManager, _ target: String, set: [String: String] = [:]) async -> [String] {
        probed.texts.withLock { $0 = [] }
        let request = InvokeRequest(probe: "Pages/" + target, servers: [], allServers: false, timeoutSeconds: nil, set: set, at: nil)
        let answer = await Invoker(manager).invoke(request, remote: true)
        #expect(answer.results.allSatisfy { !$0.key.description.contains("secret") } && answer.refusals.isEmpty, "\(answer)")
        return probed.texts.withLock { $0 }
    }

    @Test("two that differ in their login alone have names of their own, and each is probed with its login")
    func distinct() async throws {
        let texts = ["http://a:secret1@h/", "http://b:secret2@h/", "http://h/"]
        let (manager, _) = try site(texts)
        #expect(
            await manager.snapshot().probes.map(\.key.identity.target) == ["http://h/", "http://xxxxx2@h/", "http://xxxxx@h/"])
        #expect(await invoke(manager, "http://xxxxx@h/") == [texts[0]])
        #expect(await invoke(manager, "http://xxxxx2@h/", set: ["word": "a"]) == [texts[1]])
        #expect(await invoke(manager, texts[1]) == [texts[1]])
    }

    @Test("one whose login changes in its list keeps its name and is probed with the new one")
    func renewed() async throws {
        let (manager, look) = try site(["http://a:secret1@h/", "http://h/"])
        let kept = await manager.snapshot().probes.first?.key
        probed.listed.withLock { $0 = ["http://a:secret2@h/", "http://h/"] }
        await look()
        #expect(await manager.snapshot().probes.map(\.key.identity.target) == ["http://h/", "http://xxxxx@h/"])
        #expect(await manager.snapshot().probes.first?.key == kept)
        #expect(await invoke(manager, "http://xxxxx@h/") == ["http://a:secret2@h/"])
    }
}
