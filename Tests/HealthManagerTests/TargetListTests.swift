import Addresses
import FoundationEssentials
import Logging
import Monitoring
import Probing
import Synchronization
import TestSupport
import Testing

@testable import HealthManager

/// Files, URLs and names as a test says they are.
final class FakeWorld: Sendable {
    private struct State {
        /// What each place lists; nil cannot be read.
        var lists: [String: [String]?] = [:]
        var addresses: [String: [String]] = [:]
        var looks: [String: Int] = [:]
    }

    private let state = Mutex(State())

    func list(_ place: String, _ targets: [String]?) { state.withLock { $0.lists[place] = .some(targets) } }
    func remove(_ place: String) { state.withLock { $0.lists[place] = nil } }
    func resolve(_ name: String, _ addresses: [String]) { state.withLock { $0.addresses[name] = addresses } }
    func looks(_ place: String) -> Int { state.withLock { $0.looks[place] ?? 0 } }

    private func read(_ place: String) throws(ListUnreadable) -> ListReading {
        let listed = state.withLock { state in
            state.looks[place, default: 0] += 1
            return state.lists[place] ?? nil
        }
        guard let listed else { throw ListUnreadable("\(place): broken") }
        return .targets(listed, ListStamp(of: Array(listed.joined().utf8)))
    }

    var world: TargetSourceProvider {
        TargetSourceProvider(
            files: { pattern in
                let folder = pattern.prefix { $0 != "*" }
                return self.state.withLock { $0.lists.keys.filter { $0.hasPrefix(folder) }.sorted() }
            },
            file: { path, _ throws(ListUnreadable) in try self.read(path) },
            url: { url, _, _, _ throws(ListUnreadable) in try self.read(url) },
            addresses: { name in self.state.withLock { $0.addresses[name] ?? [] }.compactMap { NetworkAddress($0) } })
    }
}

/// Says at once that all is well, and counts; a target named `hang` waits for its end.
private struct AimedKind: ProbeKind {
    static let name = "aimed"
    let aim = KindAim.targets
    let guide = KindGuide(checks: [], stages: [.endpoint], reasons: [], options: [.init("word", "", settableThroughAgent: true)])
    let read: Mutex<Int>.Box

    func readOptions(_ reader: SettingsReader) -> String {
        read.value.withLock { $0 += 1 }
        return reader.string("word") ?? ""
    }

    func discover(_ options: String, at place: Place) -> Discovery {
        guard let target = place.target else { return .notDefined(NotDefined(because: "no target", configured: "")) }
        return .probe(AimedProbe(target: target))
    }
}

extension Mutex<Int> {
    fileprivate final class Box: Sendable { let value = Mutex(0) }
}

private struct AimedProbe: Probe {
    let target: Target

    func run(_ context: RunContext) async -> Outcome {
        if target.text.hasPrefix("hang") { try? await context.time.sleep(until: .seconds(1_000_000)) }
        var outcome = Outcome()
        outcome.sampleValue = target.address.map { Double($0.bytes.last ?? 0) }
        return outcome
    }
}

private final class Changes: ResultObserver {
    let removed = Mutex<[ProbeKey]>([])

    func changed(_ change: CacheChange) {
        if case .removed(let key) = change { removed.withLock { $0.append(key) } }
    }
}

@Suite struct TargetListTests {
    private let time = ManualTime()
    let world = FakeWorld()
    private let changes = Changes()
    private let optionsRead = Mutex<Int>.Box()
    private static let location = SourceLocation(path: "test.yaml")
    static let files = TargetList.Source(.files, text: "lists/*.json", place: "lists/*")
    private static let url = TargetList.Source(.url, text: "http://sd", place: "http://sd")

    private static func definition(
        _ list: TargetList, word: String = "a", enabled: Bool = true, read: Mutex<Int>.Box = .init()
    ) -> ProbeDefinition {
        let options = Setting.empty(at: location).setting("word", to: word, at: location)
        return ProbeDefinition(
            identity: ProbeIdentity(healthSet: "Web", name: "Pages"), kind: ConfiguredKind(AimedKind(read: read), options: options),
            summary: "", scope: .targets(list), every: .seconds(86400), timeout: .seconds(50), enabled: enabled, location: location)
    }

    final class PlanBox: Sendable {
        let definition: Mutex<ProbeDefinition>

        init(_ definition: ProbeDefinition) { self.definition = Mutex(definition) }
    }

    struct Site {
        let lists: TargetLists
        let manager: HealthManager
        let box: PlanBox
    }

    func site(_ list: TargetList, enabled: Bool = true, limit: Int = TargetList.limit, shard: Shard? = nil) throws -> Site {
        var configuration = AgentConfiguration()
        configuration.shard = shard
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let lists = TargetLists(world: world.world, limit: limit, time: time, logger: logger)
        let box = PlanBox(Self.definition(list, enabled: enabled, read: optionsRead))
        let manager = try HealthManager(
            ManagerServices(
                kinds: KindCatalog([AimedKind(read: optionsRead)]),
                readPlan: { [configuration] () throws(ConfigurationRefused) in
                    // As the files are read: what was read before is not the same object.
                    let definition = box.definition.withLock { $0.with(options: $0.options) }
                    return Plan(configuration: configuration, definitions: [definition])
                },
                configurationPath: "agent.yaml", time: time, targets: lists, logger: logger),
            observers: [changes])
        return Site(lists: lists, manager: manager, box: box)
    }

    /// Runs manager and lists while the body runs.
    private func running(_ site: Site, _ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await site.manager.run() }
            group.addTask { try await TargetListWatch(site.lists, telling: site.manager).run() }
            try await body()
            group.cancelAll()
        }
    }

    /// Longer than first runs are spread over, and shorter than any list is looked at again.
    private static let firstRuns: Duration = .seconds(11)

    /// Lets the others go on until the condition holds, while time stands still; false when it never does.
    private static func settles(_ condition: () async -> Bool) async -> Bool {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(30)
        while clock.now < end {
            if await condition() { return true }
            await Task.yield()
        }
        return false
    }

    static func targets(_ manager: HealthManager) async -> [String] {
        await manager.snapshot().probes.map { ($0.key.identity.target ?? "") + ($0.key.address.isEmpty ? "" : " at " + $0.key.address) }
    }

    private static func allRan(_ manager: HealthManager) async -> Bool { await manager.snapshot().probes.allSatisfy { $0.latest != nil } }

    @Test("targets of the definition and of files are probes before anything runs, each once, those that differ by case apart")
    func start() async throws {
        world.list("lists/a", ["b", "https://a/B", "c"])
        world.list("lists/b", ["c", "d"])
        let site = try site(TargetList(["https://a/b", "b"], sources: [Self.files]))
        #expect(await Self.targets(site.manager) == ["b", "c", "d", "https://a/B", "https://a/b"])
        // Once as the definition is made, once as the plan is read.
        #expect(optionsRead.value.withLock { $0 } == 2)
    }

    @Test("what a file no longer lists is gone with its series, what it lists anew is run, and what stays keeps result and schedule")
    func incremental() async throws {
        world.list("lists/a", ["stays", "goes"])
        let site = try site(TargetList([], sources: [Self.files]))
        let (time, world, manager, changes) = (time, world, site.manager, changes)
        try await running(site) {
            time.advance(by: Self.firstRuns)
            #expect(await Self.settles { await Self.allRan(manager) })
            let before = try #require(await manager.snapshot().probes.first { $0.key.identity.target == "stays" })
            world.list("lists/a", ["comes", "stays"])
            time.advance(by: .seconds(30))
            #expect(await Self.settles { await Self.targets(manager) == ["comes", "stays"] })
            let after = try #require(await manager.snapshot().probes.first { $0.key.identity.target == "stays" })
            #expect(after.latest?.requestID == before.latest?.requestID && after.latest != nil)
            #expect(abs((after.nextRun ?? .distantPast).timeIntervalSince(before.nextRun ?? .distantFuture)) < 0.001)
            #expect(changes.removed.withLock { $0.map(\.identity.target) } == ["goes"])
            time.advance(by: Self.firstRuns)
            #expect(await Self.settles { await Self.allRan(manager) }, "a new one is spread like a first run")
        }
    }

    @Test("lists are looked at every refresh, and not more often")
    func refresh() async throws {
        world.list("http://sd", ["a"])
        let site = try site(TargetList([], sources: [Self.url], refresh: .seconds(20)))
        let (time, world) = (time, world)
        try await running(site) {
            for looks in 1...4 {
                #expect(await Self.settles { world.looks("http://sd") == looks })
                time.advance(by: .milliseconds(19_900))
                for _ in 0..<100 { await Task.yield() }
                #expect(world.looks("http://sd") == looks)
                time.advance(by: .milliseconds(100))
            }
        }
    }

    @Test("a list that cannot be read keeps its last good state and says so; one that never could has no target")
    func broken() async throws {
        world.list("lists/a", ["a"])
        world.list("lists/b", ["b"])
        world.list("http://sd", nil)
        let site = try site(TargetList(["inline"], sources: [Self.files, Self.url]))
        let (time, world, manager) = (time, world, site.manager)
        try await running(site) {
            #expect(await Self.settles { await manager.agentFacts().facts.targetLists.map(\.problem) == ["http://sd: broken", nil] })
            #expect(await Self.targets(manager) == ["a", "b", "inline"])
            world.list("lists/a", nil)
            world.list("lists/b", ["b", "b2"])
            world.list("http://sd", ["u"])
            time.advance(by: .seconds(30))
            #expect(await Self.settles { await Self.targets(manager) == ["a", "b", "b2", "inline", "u"] })
            #expect(await manager.agentFacts().facts.targetLists.map(\.problem) == [nil, "lists/a: broken"])
            world.remove("lists/b")
            time.advance(by: .seconds(30))
            #expect(await Self.settles { await Self.targets(manager) == ["a", "inline", "u"] })
            world.remove("lists/a")
            time.advance(by: .seconds(30))
            #expect(await Self.settles { await manager.agentFacts().facts.targetLists.last?.problem == "no file matches lists/*" })
            #expect(await Self.targets(manager) == ["a", "inline", "u"])
        }
    }

    @Test("each address of a name is a probe; a name that stops resolving keeps its last ones, one that never did has one without")
    func everyAddress() async throws {
        world.resolve("two.test", ["192.0.2.2", "192.0.2.1"])
        let site = try site(TargetList(["two.test:25", "none.test:25", "192.0.2.9:25"], everyAddress: true))
        #expect(await Self.targets(site.manager) == ["192.0.2.9:25"], "until the first look-up nobody knows")
        let (time, world, manager) = (time, world, site.manager)
        try await running(site) {
            #expect(
                await Self.settles {
                    await Self.targets(manager) == ["192.0.2.9:25", "none.test:25", "two.test:25 at 192.0.2.1", "two.test:25 at 192.0.2.2"]
                })
            time.advance(by: Self.firstRuns)
            #expect(await Self.settles { await Self.allRan(manager) })
            #expect(await manager.snapshot().probes.map { $0.latest?.outcome.sampleValue } == [nil, nil, 1, 2])
            #expect(await manager.agentFacts().facts.targetLists.map(\.problem) == ["the name 'none.test' does not resolve"])
            world.resolve("two.test", [])
            world.resolve("none.test", ["192.0.2.7"])
            time.advance(by: .seconds(30))
            #expect(await Self.settles { await Self.targets(manager).contains("none.test:25 at 192.0.2.7") })
            #expect(await Self.targets(manager).count == 4)
            #expect(await manager.agentFacts().facts.targetLists.map(\.problem) == ["the name 'two.test' does not resolve"])
            world.resolve("two.test", ["192.0.2.2"])
            time.advance(by: .seconds(30))
            #expect(await Self.settles { await !Self.targets(manager).contains("two.test:25 at 192.0.2.1") })
            #expect(await manager.agentFacts().facts.targetLists.map(\.problem) == [nil])
        }
    }

    @Test("a reload that changes only the lists keeps results; one that changes an option drops them, and both look anew at once")
    func reload() async throws {
        world.list("http://sd", ["u"])
        let site = try site(TargetList(["a", "b"], sources: [Self.url], refresh: .seconds(3600)))
        let (time, world, manager) = (time, world, site.manager)
        try await running(site) {
            #expect(await Self.settles { await Self.targets(manager).count == 3 })
            time.advance(by: Self.firstRuns)
            #expect(await Self.settles { await Self.allRan(manager) })
            world.list("http://sd", ["u", "u2"])
            let list = TargetList(["b", "c"], sources: [Self.url], refresh: .seconds(3600))
            site.box.definition.withLock { $0 = Self.definition(list) }
            try await ChangeRequests(manager).reload()
            #expect(await manager.snapshot().probes.prefix(3).map { $0.latest != nil } == [true, false, true])
            #expect(await Self.settles { await Self.targets(manager) == ["b", "c", "u", "u2"] })
            time.advance(by: Self.firstRuns)
            #expect(await Self.settles { await Self.allRan(manager) })
            try await ChangeRequests(manager).reload()
            #expect(await Self.allRan(manager))
            site.box.definition.withLock { $0 = Self.definition(list, word: "b") }
            try await ChangeRequests(manager).reload()
            #expect(await manager.snapshot().probes.allSatisfy { $0.latest == nil && $0.runs[.succeeded] > 0 })
        }
    }

    @Test("a restart looks anew, keeps a list that cannot be read, and waiting for fresh results waits for what the lists bring")
    func restart() async throws {
        world.list("http://sd", ["u"])
        let site = try site(TargetList([], sources: [Self.url], refresh: .seconds(3600)))
        let (time, world, manager) = (time, world, site.manager)
        #expect(await manager.awaitFreshResults(within: .zero).map(\.description) == ["Web\\Pages"])
        try await running(site) {
            async let waiting = manager.awaitFreshResults(within: .seconds(600))
            #expect(await Self.settles { await Self.targets(manager) == ["u"] })
            time.advance(by: Self.firstRuns)
            #expect(await Self.settles { await Self.allRan(manager) })
            // Whoever waits looks again once time has passed.
            time.advance(by: .seconds(1))
            #expect(await waiting.isEmpty)
            world.list("http://sd", nil)
            let looks = world.looks("http://sd")
            try await ChangeRequests(manager).restart()
            #expect(await Self.settles { world.looks("http://sd") > looks })
            #expect(await Self.targets(manager) == ["u"])
        }
    }

    @Test("a target that hangs delays no other")
    func lanes() async throws {
        let site = try site(TargetList((0..<40).map { "hang\($0).test" } + ["good.test"]))
        let (time, manager) = (time, site.manager)
        try await running(site) {
            time.advance(by: Self.firstRuns)
            #expect(await Self.settles { await manager.snapshot().agent.running == 40 })
            #expect(await manager.snapshot().probes.filter { $0.latest != nil }.map(\.key.identity.target) == ["good.test"])
        }
    }

    @Test(
        "a target is named whole, in any case where that is unique; without one the first is run",
        arguments: [
            ("Web/Pages/https://a/b", ["https://a/b"], ""), ("web\\pages\\https://A/b", ["https://a/B", "https://a/b"], "no target"),
            ("Pages/b:25", ["b:25"], ""), ("aimed/B:25", ["b:25"], ""), ("WebPagesb:25", ["b:25"], ""), ("Pages", ["https://a/b"], "note"),
            ("Pages/b:26", [], "no target"), ("Pages/https://a/", [], "no target"),
        ])
    func selecting(text: String, expected: [String], says: String) async throws {
        let site = try site(TargetList(["https://a/b", "https://a/B", "b:25"]))
        let answer = await Invoker(site.manager).invoke(InvokeRequest(probe: text), remote: true)
        switch says {
        case "no target":
            let refusal = try #require(answer.refusals.first)
            #expect(refusal.kind == .unknownProbe && refusal.sentence.hasPrefix("probe 'Web/Pages' has no target '"))
            #expect(refusal.sentence.contains("similar names: ") && answer.results.isEmpty)
        case "note":
            #expect(answer.notes == ["note: 1 of 3 targets; specify one as Web/Pages/TARGET, or --all-servers to run all"])
            fallthrough
        default: #expect(answer.results.compactMap(\.key.identity.target) == expected && answer.refusals.isEmpty)
        }
    }

    @Test("all targets are run on demand side by side; a server, an empty list and a disabled definition are told in words")
    func invoking() async throws {
        let texts = (0..<600).map { "t\($0):25" }
        let many = try site(TargetList(texts))
        var answer = await Invoker(many.manager).invoke(InvokeRequest(probe: "Pages", allServers: true), remote: true)
        #expect(answer.results.compactMap(\.key.identity.target).sorted() == texts.sorted() && answer.notes.isEmpty)
        #expect(await Self.allRan(many.manager))
        answer = await Invoker(many.manager).invoke(InvokeRequest(probe: "Pages", servers: ["mbx01"]), remote: true)
        #expect(
            answer.refusals.map(\.sentence)
                == ["probe 'Web/Pages' applies to targets, not to servers: omit --server and specify Web/Pages/TARGET"])
        answer = await Invoker(many.manager).invoke(InvokeRequest(probe: "Pages/t1:25", set: ["word": "x"]), remote: true)
        #expect(answer.results.map(\.key.identity.target) == ["t1:25"])
        answer = await Invoker(try site(TargetList([])).manager).invoke(InvokeRequest(probe: "Pages"), remote: true)
        #expect(
            answer.refusals.map(\.sentence) == ["probe 'Web/Pages' currently has no targets: its definition and its target lists are empty"]
        )
        answer = await Invoker(try site(TargetList(["a"]), enabled: false).manager).invoke(InvokeRequest(probe: "Pages"), remote: true)
        #expect(answer.refusals.first?.sentence.hasPrefix("probe 'Web\\Pages' is not defined: its definition was disabled") == true)
    }

    @Test("without a schedule, the lists of a probe that is invoked are looked at first, once")
    func onDemand() async throws {
        world.list("http://sd", ["u:1"])
        world.resolve("u", ["192.0.2.1", "192.0.2.2"])
        let site = try site(TargetList([], sources: [Self.url], everyAddress: true))
        #expect(world.looks("http://sd") == 0)
        let answer = await Invoker(site.manager).invoke(InvokeRequest(probe: "Pages/u:1"), remote: false)
        #expect(answer.results.map(\.key.address) == ["192.0.2.1", "192.0.2.2"])
        _ = await Invoker(site.manager).invoke(InvokeRequest(probe: "Pages"), remote: false)
        #expect(world.looks("http://sd") == 1)
    }

    @Test("the lists of a plan are fetched once it is in use, so that nothing that is found is lost")
    func adoptedFirst() async throws {
        world.list("http://sd", ["u"])
        let lists = TargetLists(world: world.world, time: time, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let definition = Self.definition(TargetList([], sources: [Self.url]))
        let world = world
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await lists.keepLooking { _ in } }
            lists.watch(Plan(configuration: AgentConfiguration(), definitions: [definition]))
            for _ in 0..<1000 { await Task.yield() }
            #expect(world.looks("http://sd") == 0)
            lists.lookAnew()
            #expect(await Self.settles { world.looks("http://sd") == 1 })
            group.cancelAll()
        }
    }
}
