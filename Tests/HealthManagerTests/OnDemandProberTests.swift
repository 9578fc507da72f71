import Addresses
import Concurrency
import FoundationEssentials
import HealthManager
import Monitoring
import Probing
import Synchronization
import TestSupport
import Testing

/// A module whose runs wait until a test lets them go.
private final class Gate: Sendable {
    let begun: AsyncStream<Target>
    private let begin: AsyncStream<Target>.Continuation
    private let waiting = Mutex<[CheckedContinuation<Void, Never>]>([])
    private let isOpen = Mutex(false)

    init(open: Bool = false) {
        (begun, begin) = AsyncStream.makeStream(of: Target.self)
        isOpen.withLock { $0 = open }
    }

    func pass(_ target: Target) async {
        begin.yield(target)
        await withCheckedContinuation { continuation in
            if isOpen.withLock({ $0 }) { return continuation.resume() }
            waiting.withLock { $0.append(continuation) }
        }
    }

    func open() {
        isOpen.withLock { $0 = true }
        waiting.withLock { all in
            all.forEach { $0.resume() }
            all = []
        }
    }
}

private struct GatedProbe: Probe {
    let gate: Gate
    let target: Target

    func run(_ context: RunContext) async -> Outcome {
        await gate.pass(target)
        var outcome = Outcome()
        if target.text == "bad" {
            outcome.findings = [Finding(.failure, stage: .connect, reason: .connectRefused, sentence: "bad: refused")]
        }
        return outcome
    }
}

private struct GatedKind: ProbeKind {
    static let name = "tcp"
    let aim = KindAim.targets
    let guide = KindGuide(checks: [], stages: [], reasons: [])
    let gate: Gate

    func readOptions(_ reader: SettingsReader) -> Bool { true }
    func discover(_ options: Bool, at place: Place) -> Discovery {
        place.target.map { .probe(GatedProbe(gate: gate, target: $0)) } ?? .notDefined(NotDefined(because: "", configured: ""))
    }
}

@Suite struct OnDemandProberTests {
    private let time = ManualTime()
    private static let loopback = NetworkAddress("127.0.0.1")

    private func prober(
        _ gate: Gate, module timeout: Duration? = nil, host: String? = nil, _ change: (inout ProbeAccess) -> Void = { _ in }
    )
        -> OnDemandProber
    {
        let prober = OnDemandProber(time: time)
        var configuration = AgentConfiguration()
        change(&configuration.probe)
        let module = Module(
            name: "tcp", kind: ConfiguredKind(GatedKind(gate: gate)), timeout: timeout, hostHeader: host, masked: "tcp:\n")
        prober.changed(.adopted(Plan(configuration: configuration, definitions: [], modules: ["tcp": module])))
        return prober
    }

    private static func query(_ target: String? = "a", module: String? = "tcp", timeout: String? = nil, from caller: String? = "127.0.0.1")
        -> ProbeQuery
    {
        ProbeQuery(module: module, target: target, scrapeTimeout: timeout, caller: caller.flatMap { NetworkAddress($0) })
    }

    private static func refusal(_ reply: ProbeReply) -> (Int, String)? {
        if case .refused(let status, let sentence) = reply { (status, sentence) } else { nil }
    }

    private static func run(_ reply: ProbeReply) -> OnDemandRun? { if case .ran(let run) = reply { run } else { nil } }

    @Test(
        "a run has the module's time, or what the caller waits less the offset, never less than half of that",
        arguments: [
            (0.0, 15.0, 0.5, 14.5), (0, 15, 0, 15), (20, 15, 0.5, 14.5), (20, 15, 0, 15), (5, 15, 0, 5), (5, 15, 0.5, 5), (10, 0, 0.5, 10),
            (10, 10, 0.5, 9.5), (9.5, 0, 0.5, 9.5), (9.5, 0, 1, 9.5), (0, 0, 0.5, 119.5), (0, 0, 0, 120), (0, 0.5, 0.5, 0.25),
            (5, 0.2, 0.5, 0.1),
            (0, 0.2, 0.5, 0.1),
        ])
    func timeouts(module: Double, header: Double, offset: Double, expected: Double) {
        let rule = ProbeTimeout.rule(
            module: module == 0 ? nil : .seconds(module), scrape: header == 0 ? nil : .seconds(header), offset: .seconds(offset))
        #expect(abs(rule.seconds - expected) < 1e-9)
    }

    @Test("what is wrong is told in blackbox_exporter's order: the module, the timeout, the target")
    func order() async throws {
        let prober = prober(Gate(open: true))
        let unknown = try #require(Self.refusal(await prober.probe(Self.query(nil, module: "nope", timeout: "x"))))
        #expect(unknown == (400, "Unknown module \"nope\""))
        #expect(prober.unknownModules == 1)
        let timeout = try #require(Self.refusal(await prober.probe(Self.query(nil, timeout: "soon"))))
        #expect(timeout.0 == 500 && timeout.1.hasPrefix("Failed to parse timeout from Prometheus header: "))
        #expect(try #require(Self.refusal(await prober.probe(Self.query(nil)))) == (400, "Target parameter is missing"))
    }

    @Test(
        "a target is taken as it comes: escapes are its own; a login is not shown",
        arguments: ["a%2Fb", "http://a/?q=a%26b", "50%25", "100%", "a b", "é", "user:p%40ss@a"])
    func targets(written: String) async throws {
        let shown = written.hasPrefix("user:") ? "xxxxx@a" : written
        #expect(Self.run(await prober(Gate(open: true)).probe(Self.query(written)))?.target == shown)
    }

    @Test(
        "control characters are refused before any kind sees them, wherever they stand",
        arguments: ["\r\nHost: other", "\n", "\r", "\0", "\t", "\u{1B}[2J", "\u{7F}", "\u{85}"])
    func controlCharacters(text: String) async throws {
        let prober = prober(Gate(open: true))
        var named = Self.query()
        named.hostname = "mail.fabrikam.com" + text
        for query in [named, Self.query("mail" + text + ".fabrikam.com"), Self.query("a", module: "tcp" + text)] {
            let refusal = try #require(Self.refusal(await prober.probe(query)))
            #expect(refusal.0 == 400 && refusal.1.contains("control character"), "\(refusal)")
            #expect(!refusal.1.contains(text))
        }
        #expect(prober.unknownModules == 0 && prober.recent.isEmpty)
    }

    @Test("what is longer than any target is refused, and nothing is compared with it")
    func long() async throws {
        let text = String(repeating: "://@", count: 10_000)
        let refusal = try #require(Self.refusal(await prober(Gate(open: true)).probe(Self.query(text))))
        #expect(refusal.0 == 400 && refusal.1.contains("is 40000 bytes long, the maximum is 2048"), "\(refusal)")
        #expect(NearestName.ranked(["timeout", text], to: text).isEmpty)
    }

    @Test("a hostname that contradicts the module's own is refused, the same one is not")
    func hostname() async throws {
        let prober = prober(Gate(open: true), host: "one.example")
        var query = Self.query()
        query.hostname = "two.example"
        #expect(try #require(Self.refusal(await prober.probe(query))).0 == 400)
        query.hostname = "one.example"
        #expect(Self.run(await prober.probe(query)) != nil)
    }

    @Test("only who is in allowFrom may ask, and through a proxy on this machine nobody; the socket may")
    func callers() async throws {
        let prober = prober(Gate(open: true))
        let stranger = try #require(Self.refusal(await prober.probe(Self.query(from: "192.0.2.7"))))
        #expect(stranger.0 == 403 && stranger.1.contains("'probe.allowFrom'"))
        var forwarded = Self.query()
        forwarded.isForwarded = true
        #expect(try #require(Self.refusal(await prober.probe(forwarded))).0 == 403)
        #expect(Self.run(await prober.probe(Self.query(from: nil))) != nil)
        let open = self.prober(Gate(open: true)) { access in access.allowFrom = ["192.0.2.0/24"].compactMap { AddressRange($0) } }
        #expect(Self.run(await open.probe(Self.query(from: "::ffff:192.0.2.7"))) != nil)
    }

    @Test("loopback may be probed for callers on it alone")
    func loopback() async throws {
        let gate = Gate(open: true)
        let prober = prober(gate) { access in access.allowFrom = ["0.0.0.0/0"].compactMap { AddressRange($0) } }
        var targets = gate.begun.makeAsyncIterator()
        _ = await prober.probe(Self.query(from: "192.0.2.7"))
        #expect(await targets.next()?.policy.allowsLoopback == false)
        _ = await prober.probe(Self.query(from: "127.0.0.1"))
        #expect(await targets.next()?.policy.allowsLoopback == true)
        _ = await prober.probe(Self.query(from: nil))
        #expect(await targets.next()?.policy.allowsLoopback == true)
    }

    @Test("who asks the same at once shares one run; another target has a run of its own, and afterwards it is made anew")
    func shared() async throws {
        let gate = Gate()
        let prober = prober(gate)
        var begun = gate.begun.makeAsyncIterator()
        async let first = prober.probe(Self.query())
        #expect(await begun.next()?.text == "a")
        // One thread does its jobs in the order in which they come: each turn of the last task comes after one of each of the others, which
        // need few until they wait for the run.
        let thread = ThreadExecutor("test")
        let followers = (0..<20).map { _ in Task(executorPreference: thread) { Self.run(await prober.probe(Self.query()))?.id } }
        await Task(executorPreference: thread) { for _ in 0..<100 { await Task.yield() } }.value
        async let other = prober.probe(Self.query("b"))
        #expect(await begun.next()?.text == "b")
        gate.open()
        let id = try #require(Self.run(await first)?.id)
        for follower in followers { #expect(await follower.value == id) }
        let otherID = try #require(Self.run(await other)?.id)
        let next = try #require(Self.run(await prober.probe(Self.query()))?.id)
        #expect(Set([id, otherID, next]).count == 3 && prober.recent.count == 3)
    }

    @Test("requests with different timeouts do not share a run")
    func timeouts() async throws {
        let gate = Gate()
        let prober = prober(gate)
        var begun = gate.begun.makeAsyncIterator()
        async let first = prober.probe(Self.query())
        #expect(await begun.next()?.text == "a")
        var hurried = Self.query()
        hurried.scrapeTimeout = "5"
        async let second = prober.probe(hurried)
        #expect(await begun.next()?.text == "a")
        gate.open()
        let ids = [Self.run(await first)?.id, Self.run(await second)?.id]
        #expect(ids[0] != ids[1])
    }

    @Test("a run whose first request leaves goes on for those that share it, and ends when all have left", arguments: [true, false])
    func leaving(staysOne: Bool) async throws {
        let gate = Gate()
        let prober = prober(gate) { $0.rateLimit = 1 }
        var begun = gate.begun.makeAsyncIterator()
        let clients = [Abandonment(), Abandonment()]
        async let first = prober.probe(Self.query(), for: clients[0])
        #expect(await begun.next()?.text == "a")
        // As in 'shared': the last task's turns come after the follower waits.
        let thread = ThreadExecutor("test")
        let follower = Task(executorPreference: thread) { await prober.probe(Self.query(), for: clients[1]) }
        await Task(executorPreference: thread) { for _ in 0..<100 { await Task.yield() } }.value
        clients[0].abandon()
        if staysOne { gate.open() } else { clients[1].abandon() }
        let answers = [await first, await follower.value]
        if staysOne {
            // With a rate of one, a second run would have been refused.
            #expect(answers.map { Self.run($0)?.id } == [1, 1])
        } else {
            for answer in answers { #expect(Self.refusal(answer)?.0 == 503) }
            gate.open()
        }
    }

    @Test("over the rate 429, over the number under way 503, and neither waits")
    func bounds() async throws {
        let limited = prober(Gate(open: true)) { $0.rateLimit = 2 }
        for _ in 0..<2 { #expect(Self.run(await limited.probe(Self.query())) != nil) }
        let over = try #require(Self.refusal(await limited.probe(Self.query())))
        #expect(over.0 == 429 && over.1.contains("'probe.rateLimit'"))
        time.advance(by: .milliseconds(500))
        #expect(Self.run(await limited.probe(Self.query())) != nil)

        let gate = Gate()
        let narrow = prober(gate) { $0.maximumRunning = 1 }
        var begun = gate.begun.makeAsyncIterator()
        async let running = narrow.probe(Self.query("a"))
        _ = await begun.next()
        let busy = try #require(Self.refusal(await narrow.probe(Self.query("b"))))
        #expect(busy.0 == 503 && busy.1.contains("'probe.maximumRunning'"))
        gate.open()
        #expect(Self.run(await running) != nil)
    }

    @Test("the last hundred runs are kept, and a hundred failures before them")
    func history() async throws {
        let prober = prober(Gate(open: true)) { $0.rateLimit = 0 }
        _ = await prober.probe(Self.query("bad"))
        for number in 0..<150 { _ = await prober.probe(Self.query("good\(number)")) }
        let recent = prober.recent
        #expect(recent.count == 101)
        #expect(recent.first?.target == "good149" && recent.last?.target == "bad")
        #expect(prober.run(numbered: 1)?.isSuccess == false)
        #expect(prober.run(numbered: 2) == nil)
    }
}
