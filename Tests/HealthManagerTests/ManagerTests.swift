import FoundationEssentials
import HealthManager
import Logging
import Monitoring
import Probing
import Synchronization
import TestSupport
import Testing

/// A kind whose runs a test holds in its hand.
private struct HandKind: ProbeKind {
    static let name = "hand"
    let guide = KindGuide(
        checks: [], stages: [.endpoint], reasons: [.timeout],
        options: [.init("word", "a word", settableThroughAgent: true), .init("path", "a path", settableThroughAgent: false)])
    let hand: Hand

    func readOptions(_ reader: SettingsReader) -> String {
        _ = reader.string("path")
        return reader.string("word") ?? ""
    }

    func discover(_ options: String, at place: Place) -> Discovery {
        guard place.organization.pushProxy.enabled else { return .notDefined(NotDefined(because: "it was off", configured: "it is off")) }
        return .probe(HandProbe(hand: hand, server: place.server?.name ?? ""))
    }

    func clearCaches() async {
        await hand.clearing.withLock(\.self)?.first { _ in true }
        hand.fetched.withLock { $0 = 0 }
        hand.clears.withLock { $0 += 1 }
    }
}

private final class Hand: Sendable {
    enum Way: Sendable { case succeed, hang, ignoreCancellation }

    let ways = Mutex<[String: Way]>([:])
    let clears = Mutex(0)
    /// What clearing waits for.
    let clearing = Mutex<AsyncStream<Void>?>(nil)
    /// What runs have left for later ones: the number of those that did.
    let fetched = Mutex(0.0)
    let runs = Mutex<[String: Int]>([:])
    /// When each run began, as `TimeSource.elapsed`.
    let begins = Mutex<[Duration]>([])
    /// Runs that do not end by themselves.
    let held = Mutex(0)
    let manager = Mutex<HealthManager?>(nil)

    /// Waits until each run under way has come as far as it comes while time stands still: runs have threads of their own.
    func settle() async {
        guard let manager = manager.withLock(\.self) else { return }
        _ = await eventually(within: .seconds(20), every: .milliseconds(1)) {
            let facts = await manager.agentFacts().facts
            let started = runs.withLock { $0.values.reduce(0, +) }
            return started >= facts.lateness.count && facts.running <= held.withLock(\.self)
        }
    }
}

private struct HandProbe: Probe {
    let hand: Hand
    let server: String

    func run(_ context: RunContext) async -> Outcome {
        hand.begins.withLock { $0.append(context.time.elapsed) }
        hand.runs.withLock { $0[server, default: 0] += 1 }
        switch hand.ways.withLock({ $0[server] ?? .succeed }) {
        case .succeed: break
        case .hang:
            hand.held.withLock { $0 += 1 }
            try? await context.time.sleep(until: .seconds(1_000_000))
            hand.held.withLock { $0 -= 1 }
        case .ignoreCancellation:
            hand.held.withLock { $0 += 1 }
            await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
        }
        var outcome = Outcome()
        outcome.sampleValue = hand.fetched.withLock { fetched in
            defer { fetched += 1 }
            return fetched
        }
        return outcome
    }
}

/// Tells a test of each change.
private final class Watcher: ResultObserver {
    let changes: AsyncStream<ProbeResult>
    private let change: AsyncStream<ProbeResult>.Continuation

    init() { (changes, change) = AsyncStream.makeStream(of: ProbeResult.self) }

    func changed(_ new: CacheChange) {
        if case .updated(let state) = new, let result = state.latest { change.yield(result) }
    }
}

@Suite struct ManagerTests {
    private let hand = Hand()
    private let time = ManualTime()
    private let watcher = Watcher()

    private static let location = SourceLocation(path: "test.yaml")

    private func definition(_ name: String = "Probe", every: Duration = .seconds(10)) -> ProbeDefinition {
        ProbeDefinition(
            identity: ProbeIdentity(healthSet: "Test", name: name), kind: ConfiguredKind(HandKind(hand: hand)), summary: "",
            scope: .server(role: .mailbox), every: every, timeout: .seconds(5), location: Self.location)
    }

    private func manager(_ servers: [String], plan: PlanBox? = nil) throws -> HealthManager {
        let box = plan ?? PlanBox(self.plan(servers))
        return try HealthManager(
            ManagerServices(
                kinds: KindCatalog([HandKind(hand: hand)]), readPlan: { () throws(ConfigurationRefused) in try box.read() },
                configurationPath: "agent.yaml", time: time, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }),
            observers: [watcher])
    }

    private func plan(_ servers: [String], enabled: Bool = true) -> Plan {
        var configuration = AgentConfiguration()
        configuration.organization.servers = servers.map { Server(name: $0) }
        configuration.organization.pushProxy.enabled = enabled
        return Plan(configuration: configuration, definitions: [definition()])
    }

    final class PlanBox: Sendable {
        private let plan: Mutex<Plan?>

        init(_ plan: Plan?) { self.plan = Mutex(plan) }

        func set(_ new: Plan?) { plan.withLock { $0 = new } }

        func read() throws(ConfigurationRefused) -> Plan {
            guard let plan = plan.withLock({ $0 }) else { throw ConfigurationRefused([Diagnostic(.error, at: location, "no plan")]) }
            return plan
        }
    }

    /// Runs the manager while the body runs, then stops it.
    private func running(_ manager: HealthManager, _ body: @escaping @Sendable () async throws -> Void) async throws {
        hand.manager.withLock { $0 = manager }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await manager.run() }
            try await body()
            group.cancelAll()
        }
    }

    /// Moves time on by ticks until the condition holds; false when it never does.
    private static func advance(_ time: ManualTime, _ hand: Hand, until condition: () async -> Bool) async -> Bool {
        for _ in 0..<1000 {
            if await condition() { return true }
            time.advance(by: .milliseconds(100))
            await Task.yield()
            await hand.settle()
        }
        // Who is to see it has a thread of its own, which a busy machine may leave waiting.
        return await eventually(within: .seconds(60), every: .milliseconds(1)) {
            if await condition() { return true }
            time.advance(by: .milliseconds(100))
            await hand.settle()
            return false
        }
    }

    @Test("a schedule that does not move on is overdue, and one that does is not")
    func overdue() async throws {
        let manager = try manager(["one"])
        #expect(await manager.agentFacts().facts.overdue == .zero)
        time.advance(by: .seconds(60))
        #expect(await manager.agentFacts().facts.overdue >= .seconds(50))
        let hand = hand
        try await running(manager) {
            #expect(await eventually(within: .seconds(60)) { await manager.agentFacts().facts.overdue == .zero })
            #expect(hand.runs.withLock { $0["one"] ?? 0 } <= 1)
        }
    }

    @Test("a silent server times out alone; the other goes on at its pace")
    func isolation() async throws {
        let manager = try manager(["slow", "quick"])
        hand.ways.withLock { $0["slow"] = .hang }
        let (hand, time) = (hand, time)
        try await running(manager) {
            #expect(await Self.advance(time, hand) { hand.runs.withLock { $0["quick"] ?? 0 } >= 5 })
            #expect(await Self.advance(time, hand) { await manager.snapshot().probes.first { $0.key.server == "slow" }?.latest != nil })
            let states = await manager.snapshot().probes
            let slow = states.first { $0.key.server == "slow" }?.latest
            #expect(slow?.type == .timeout)
            #expect(slow?.decisive?.reason == .timeout)
            #expect(states.first { $0.key.server == "quick" }?.latest?.type == .succeeded)
        }
    }

    @Test("a run that ignores cancellation is poisoned, and quarantined after three; others never wait for it")
    func poisoned() async throws {
        let manager = try manager(["bad", "good"])
        hand.ways.withLock { $0["bad"] = .ignoreCancellation }
        let (hand, time) = (hand, time)
        try await running(manager) {
            #expect(
                await Self.advance(time, hand) {
                    await manager.snapshot().probes.first { $0.key.server == "bad" }?.latest?.type == .quarantined
                })
            let bad = await manager.snapshot().probes.first { $0.key.server == "bad" }
            #expect(bad?.runs[.poisoned] == 3)
            #expect(bad?.runs[.quarantined] == 1)
            #expect(hand.runs.withLock { $0["bad"] } == 3)
            #expect(hand.runs.withLock { $0["good"] ?? 0 } >= 3)
            hand.ways.withLock { $0["bad"] = .succeed }
            try await ChangeRequests(manager).restart()
            #expect(
                await Self.advance(time, hand) {
                    await manager.snapshot().probes.first { $0.key.server == "bad" }?.latest?.type == .succeeded
                })
        }
    }

    @Test("a restart empties every result, clears the kinds, and waits for fresh ones")
    func restart() async throws {
        let manager = try manager(["mbx01", "mbx02"])
        let (hand, time) = (hand, time)
        try await running(manager) {
            #expect(await Self.advance(time, hand) { await manager.snapshot().probes.allSatisfy { $0.latest != nil } })
            let before = await manager.snapshot().agent.cacheCleared
            time.advance(by: .seconds(1))
            try await ChangeRequests(manager).restart()
            #expect(hand.clears.withLock { $0 } == 1)
            #expect(await manager.snapshot().agent.cacheCleared > before)
            let waited = Waited()
            async let waiting: Void = waited.wait(for: manager, within: .seconds(60))
            #expect(await Self.advance(time, hand) { waited.keys.withLock { $0 != nil } })
            await waiting
            #expect(waited.keys.withLock { $0?.isEmpty } == true)
            #expect(await manager.snapshot().probes.allSatisfy { $0.runs[.succeeded] >= 2 })
        }
    }

    @Test("no run after a restart finds what an earlier one has left, however long clearing takes")
    func restartClearsFirst() async throws {
        let manager = try manager(["mbx01"])
        let (hand, time) = (hand, time)
        let (open, opening) = AsyncStream.makeStream(of: Void.self)
        hand.fetched.withLock { $0 = 1000 }
        hand.clearing.withLock { $0 = open }
        try await running(manager) {
            #expect(await Self.advance(time, hand) { await manager.snapshot().probes[0].latest != nil })
            let cleared = await manager.snapshot().agent.cacheCleared
            async let restart: Void = ChangeRequests(manager).restart()
            // Long enough for the first run of the new life, if it were begun.
            let runs = hand.runs.withLock { $0["mbx01"] ?? 0 }
            #expect(await Self.advance(time, hand) { hand.runs.withLock { $0["mbx01"] ?? 0 } >= runs + 3 })
            opening.yield()
            try await restart
            #expect(await Self.advance(time, hand) { await manager.snapshot().probes[0].latest != nil })
            let state = await manager.snapshot()
            #expect(state.agent.cacheCleared > cleared)
            #expect(state.probes[0].latest?.outcome.sampleValue ?? 1000 < 1000)
        }
    }

    /// Waits for fresh results; nil until the wait has ended.
    private final class Waited: Sendable {
        let keys = Mutex<[ProbeKey]?>(nil)

        func wait(for manager: HealthManager, within limit: Duration) async {
            let keys = await manager.awaitFreshResults(within: limit)
            self.keys.withLock { $0 = keys }
        }
    }

    @Test("waiting that runs out names the probes without a result")
    func waitingRunsOut() async throws {
        let (manager, waited, time) = (try manager(["mbx01"]), Waited(), time)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await waited.wait(for: manager, within: .seconds(3)) }
            #expect(await Self.advance(time, hand) { waited.keys.withLock { $0 != nil } })
        }
        #expect(waited.keys.withLock { $0?.map(\.server) } == ["mbx01"])
    }

    @Test("a reload keeps results of what is unchanged and drops what is gone; a refused one keeps everything")
    func reload() async throws {
        let box = PlanBox(self.plan(["mbx01", "mbx02"]))
        let manager = try manager([], plan: box)
        let time = time
        try await running(manager) {
            #expect(await Self.advance(time, hand) { await manager.snapshot().probes.allSatisfy { $0.latest != nil } })
            box.set(self.plan(["mbx01", "mbx03"]))
            try await ChangeRequests(manager).reload()
            let states = await manager.snapshot().probes
            #expect(states.map(\.key.server) == ["mbx01", "mbx03"])
            #expect(states[0].latest != nil)
            #expect(states[1].latest == nil)
            box.set(nil)
            await #expect(throws: ConfigurationRefused.self) { try await ChangeRequests(manager).reload() }
            #expect(await manager.snapshot().probes.count == 2)
            #expect(await !manager.snapshot().agent.lastReloadSucceeded)
        }
    }

    @Test("whether a probe exists is decided at start and stays until a restart")
    func notDefined() async throws {
        let box = PlanBox(self.plan(["mbx01"], enabled: false))
        let manager = try manager([], plan: box)
        let request = InvokeRequest(probe: "Test/Probe")
        let built = "2027-01-15T08:00:00Z"
        #expect(
            await Invoker(manager).invoke(request, remote: true).refusals.first?.sentence
                == "probe 'Test\\Probe' is not defined on mbx01: it was off when the cache was built at \(built); it is off")
        box.set(self.plan(["mbx01"], enabled: true))
        let advised = "probe 'Test\\Probe' is not defined on mbx01: it was off when the cache was built at \(built); run 'agent restart'"
        #expect(await Invoker(manager).invoke(request, remote: true).refusals.first?.sentence == advised)
        try await ChangeRequests(manager).reload()
        #expect(await Invoker(manager).invoke(request, remote: true).refusals.first?.sentence == advised)
        try await ChangeRequests(manager).restart()
        #expect(await Invoker(manager).invoke(request, remote: true).results.first?.type == .succeeded)
    }

    @Test("an option that holds a path is not set through an agent; a changed run is not cached")
    func options() async throws {
        let manager = try manager(["mbx01"])
        let remote = await Invoker(manager).invoke(InvokeRequest(probe: "hand", set: ["path": "/etc"]), remote: true)
        #expect(remote.refusals.first?.sentence == "--set path: this option can't be set through an agent; use --local")
        #expect(await Invoker(manager).invoke(InvokeRequest(probe: "hand", set: ["path": "/etc"]), remote: false).results.count == 1)
        #expect(
            await Invoker(manager).invoke(InvokeRequest(probe: "hand", set: ["colour": "red"]), remote: true).refusals.first?.kind
                == .badOption)
        #expect(await manager.snapshot().probes[0].latest == nil)
        _ = await Invoker(manager).invoke(InvokeRequest(probe: "hand"), remote: true)
        #expect(await manager.snapshot().probes[0].latest != nil)
    }

    @Test("a wall clock that jumps by a day starts no run early and delays none: each begins when it is due by elapsed time")
    func jump() async throws {
        let manager = try manager(["mbx01"])
        let (hand, time) = (hand, time)
        let definition = definition()
        var schedule = Schedule()
        schedule.add(
            [(ProbeKey(identity: definition.identity, site: .server("mbx01")), definition.every, definition.timeout)], at: time.elapsed)
        var due: [Duration] = []
        while due.count < 6, let next = schedule.nextDue { due += schedule.takeDue(at: next).map(\.due) }
        let expected = due
        try #require(expected.count == 6)
        try await running(manager) {
            for (count, jump) in [(1, 86400.0), (2, -2 * 86400), (3, 86400)] {
                #expect(await Self.advance(time, hand) { hand.begins.withLock(\.count) >= count })
                time.jump(by: jump)
                // Makes the manager look at what is due, under the new date.
                try await ChangeRequests(manager).reload()
            }
            #expect(await Self.advance(time, hand) { hand.begins.withLock(\.count) >= expected.count })
        }
        let begins = hand.begins.withLock(\.self)
        #expect(zip(begins, expected).allSatisfy { $0 >= $1 }, "\(begins), due at \(expected)")
        #expect(await manager.agentFacts().facts.skipped == 0)
    }
}
