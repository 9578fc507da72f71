import Concurrency
import FoundationEssentials
import HealthManager
import Logging
import Monitoring
import Probing
import Synchronization
import TestSupport
import Testing

/// Runs that never suspend, and never look at their cancellation, on as many threads as there are.
@Suite struct BurningTests {
    /// Burns the processor on the servers that a test names, until the test is over.
    private struct Kind: ProbeKind {
        static let name = "burn"
        let guide = KindGuide(checks: [], stages: [.endpoint], reasons: [.timeout])
        let fire: Fire

        func readOptions(_ reader: SettingsReader) -> Bool { true }
        func discover(_ options: Bool, at place: Place) -> Discovery {
            .probe(Run(fire: fire, isBurning: place.server?.name.hasPrefix("burns") ?? false))
        }
    }

    private struct Run: Probe {
        let fire: Fire
        let isBurning: Bool

        func run(_ context: RunContext) async -> Outcome {
            if isBurning { fire.burn() }
            return Outcome()
        }
    }

    private final class Fire: Sendable {
        private let isOut = Atomic(false)

        private let burning = Atomic(0)

        /// How many have begun.
        var lit: Int { burning.load(ordering: .relaxed) }

        func burn() {
            burning.add(1, ordering: .relaxed)
            while !isOut.load(ordering: .relaxed) {}
        }

        func putOut() { isOut.store(true, ordering: .relaxed) }
    }

    /// Every result, in its order.
    private final class Results: ResultObserver {
        private let all = Mutex<[ProbeResult]>([])

        func changed(_ change: CacheChange) {
            if case .ran(let result) = change { all.withLock { $0.append(result) } }
        }

        func types(_ server: String) -> [ResultType] { all.withLock { $0.filter { $0.key.server == server }.map(\.type) } }
    }

    private let fire = Fire()
    private let results = Results()
    private let time = SystemTime()

    private func manager(_ servers: [String]) throws -> HealthManager {
        let location = SourceLocation(path: "test.yaml")
        var configuration = AgentConfiguration()
        configuration.organization.servers = servers.map { Server(name: $0) }
        let definition = ProbeDefinition(
            identity: ProbeIdentity(healthSet: "Test", name: "Probe"), kind: ConfiguredKind(Kind(fire: fire)), summary: "",
            scope: .server(role: .mailbox), every: .seconds(1), timeout: .milliseconds(500), location: location)
        let plan = Plan(configuration: configuration, definitions: [definition])
        return try HealthManager(
            ManagerServices(
                kinds: KindCatalog([Kind(fire: fire)]), readPlan: { () throws(ConfigurationRefused) in plan },
                configurationPath: "agent.yaml", time: time, grace: .milliseconds(500),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }),
            observers: [results])
    }

    /// Asks again and again, woken by no thread of the cooperative pool.
    private func comesTrue(_ isTrue: () async -> Bool) async -> Bool {
        let end = time.elapsed + .seconds(60)
        while time.elapsed < end {
            if await isTrue() { return true }
            try? await time.sleep(until: time.elapsed + .milliseconds(50))
        }
        return await isTrue()
    }

    @Test("runs that burn the processor end as Timeout by the clock, are Poisoned later, and Quarantined after three; others go on")
    func burning() async throws {
        let burning = (1...4).map { "burns\($0)" }
        let manager = try manager(burning + ["good"])
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await manager.run() }
            for server in burning { #expect(await comesTrue { results.types(server).last == .quarantined }, "\(results.types(server))") }
            fire.putOut()
            group.cancelAll()
        }
        let expected: [ResultType] = [.timeout, .poisoned, .timeout, .poisoned, .timeout, .poisoned, .quarantined]
        for server in burning { #expect(results.types(server) == expected) }
        #expect(results.types("good").count >= 3)
        #expect(results.types("good").allSatisfy { $0 == .succeeded })
    }

    @Test("with every thread of the cooperative pool burning, probes run, results are recorded, and the manager answers")
    func burntPool() async throws {
        let (manager, fire, results) = (try manager(["good", "burns"]), fire, results)
        let cores = ProcessInfo.processInfo.activeProcessorCount
        await withTaskExecutorPreference(ThreadExecutor("test")) {
            await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<cores {
                    group.addTask(executorPreference: globalConcurrentExecutor) { fire.burn() }
                }
                #expect(await comesTrue { fire.lit == cores })
                group.addTask { try await manager.run() }
                #expect(await comesTrue { results.types("good").count >= 3 && results.types("burns").contains(.poisoned) })
                let snapshot = await manager.snapshot()
                #expect(snapshot.probes.count == 2 && snapshot.probes.allSatisfy { $0.latest != nil })
                #expect(await manager.agentFacts().probes == 2)
                fire.putOut()
                group.cancelAll()
            }
        }
    }
}
