import FoundationEssentials
import Glibc
import HealthManager
import Logging
import Monitoring
import Probing
import ServiceLifecycle
import TestSupport
import Testing

@testable import Escalation

/// Agents that share a lock file: the one that holds it acts.
@Suite struct LeadershipTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private let time = ManualTime()
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private var path: String { directory.path + "/lock" }

    /// Succeeds at once; the journal has what was done.
    private struct Hand: ResponderActing {
        var isUndone = false

        func act(_ responder: Responder, event: ResponderEvent) async -> ActionResult {
            isUndone ? ActionResult(false, "nobody is there", isUndone: true) : ActionResult(true, "done")
        }
    }

    @Test("nobody is said to act before the lock has been looked at")
    func unknown() {
        let facts = Leadership(ResponderLock(path), time: time, logger: Self.logger).facts
        #expect(
            facts.sentence == "Whether webhooks and commands are run by this agent is not known yet: it has not looked at \(path) so far.")
    }

    private struct Agent: Sendable {
        let site: TroubledSite
        let dispatcher: ResponderDispatcher
        let journal: MemoryJournal

        var leads: Bool { dispatcher.ledger.leadership?.isLeader == true }
        /// `TRIGGER SERVER` of each action that has ended well.
        var done: [String] { journal.attempts.filter { $0.outcome == .succeeded }.map { "\($0.trigger) \($0.server)" } }
    }

    private func agent(_ hand: Hand = Hand(), perServer: ThrottleLimits = .telling) throws -> Agent {
        var responder = Responder(name: "r", action: .command(["true"]))
        responder.triggers = [.unhealthy, .recovered]
        responder.perServer = perServer
        responder.acrossServers = .telling
        var configuration = AgentConfiguration()
        configuration.responders = [responder]
        let journal = MemoryJournal()
        let leadership = Leadership(ResponderLock(path), time: time, logger: Self.logger)
        let dispatcher = ResponderDispatcher(hand, journal: journal, leadership: leadership, time: time, logger: Self.logger)
        let site = try TroubledSite(
            ["mbx01", "mbx02"], configuration: configuration, time: time, observers: [dispatcher], journal: journal)
        return Agent(site: site, dispatcher: dispatcher, journal: journal)
    }

    private typealias Group = ThrowingTaskGroup<Void, any Error>

    /// Runs an agent. Its lock is free once it has been stopped and no value holds it.
    /// - Returns: stops it.
    private static func start(_ agent: Agent, in group: inout Group) -> @Sendable () -> Void {
        let (stops, stop) = AsyncStream.makeStream(of: Void.self)
        let (manager, service) = (agent.site.manager, agent.dispatcher.service(asking: agent.site.manager))
        group.addTask {
            await withThrowingTaskGroup(of: Void.self) { services in
                services.addTask { try await manager.run() }
                services.addTask { try await service.run() }
                for await _ in stops {}
                services.cancelAll()
            }
        }
        return { stop.finish() }
    }

    /// Moves time on until the condition holds; what other threads do is waited for.
    private static func advance(_ agent: Agent, until condition: @Sendable () async -> Bool) async -> Bool {
        await eventually(within: .seconds(60), every: .milliseconds(1)) {
            if await condition() { return true }
            await agent.site.advance(by: 1)
            return await condition()
        }
    }

    /// Runs two agents, of which the first leads, until the first has ended; then the second alone.
    private func twins(
        first hand: Hand = Hand(), perServer: ThrottleLimits = .telling,
        _ both: @Sendable (_ first: Agent, _ second: Agent) async throws -> Void,
        then alone: @Sendable (_ second: Agent) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var first: Agent? = try agent(hand, perServer: perServer)
            let stop = try Self.start(#require(first), in: &group)
            try await #expect(Self.leads(#require(first)))
            let second = try agent(perServer: perServer)
            let stopSecond = Self.start(second, in: &group)
            #expect(await Self.advance(second) { second.dispatcher.ledger.leadership?.holder.contains("process \(getpid())") == true })
            try await both(#require(first), second)
            #expect(!second.leads && second.done.isEmpty)
            stop()
            first = nil
            #expect(await Self.leads(second))
            try await alone(second)
            stopSecond()
        }
    }

    private static func leads(_ agent: Agent) async -> Bool { await advance(agent) { agent.leads } }

    private static func fail(_ servers: [String], _ agents: Agent...) async {
        for agent in agents { agent.site.set(TroubledSite.failure, on: servers) }
        for agent in agents { #expect(await advance(agent) { await agent.site.states(.unhealthy) == servers.count }) }
    }

    @Test("of two agents one acts; when it ends the other takes over, repeats nothing, and tells of the recovery")
    func takeOver() async throws {
        try await twins { first, second in
            await Self.fail(["mbx01"], first, second)
            #expect(await Self.advance(first) { first.done == ["unhealthy mbx01"] })
        } then: { second in
            await second.site.advance(by: 60)
            #expect(second.done.isEmpty)
            second.site.set(nil, on: ["mbx01"])
            #expect(await Self.advance(second) { second.done == ["recovered mbx01"] })
            await Self.fail(["mbx02"], second)
            #expect(await Self.advance(second) { second.done == ["recovered mbx01", "unhealthy mbx02"] })
        }
    }

    @Test("a problem that is over before the other takes over is told as recovered, if the first told of it")
    func recoveredMeanwhile() async throws {
        try await twins { first, second in
            await Self.fail(["mbx01"], first)
            #expect(await Self.advance(first) { first.done == ["unhealthy mbx01"] })
            #expect(await Self.advance(second) { await second.site.states(.healthy) == 2 })
        } then: { second in
            #expect(await Self.advance(second) { second.done == ["recovered mbx01"] })
            await second.site.advance(by: 60)
            #expect(second.done.count == 1)
        }
    }

    @Test("what the first could not do, the other does")
    func undone() async throws {
        try await twins(first: Hand(isUndone: true)) { first, second in
            await Self.fail(["mbx01"], first, second)
            // What is not in the file when the first one ends counts as begun, and is not repeated.
            let path = path
            #expect(await Self.advance(first) { (try? String(contentsOfFile: path, encoding: .utf8))?.contains("\"failed\"") == true })
        } then: { second in
            #expect(await Self.advance(second) { !second.done.isEmpty })
            await second.site.advance(by: 60)
            #expect(second.done == ["unhealthy mbx01"])
        }
    }

    @Test("a throttle counts what the other did")
    func throttled() async throws {
        try await twins(perServer: ThrottleLimits(minimumBetween: .seconds(36000), perHour: 100, perDay: 100)) { first, second in
            await Self.fail(["mbx01"], first, second)
            #expect(await Self.advance(first) { first.done == ["unhealthy mbx01"] })
            for agent in [first, second] { agent.site.set(nil, on: ["mbx01"]) }
            #expect(await Self.advance(first) { first.done == ["unhealthy mbx01", "recovered mbx01"] })
            #expect(await Self.advance(second) { await second.site.states(.healthy) == 2 })
        } then: { second in
            await Self.fail(["mbx01"], second)
            #expect(await Self.advance(second) { second.journal.attempts.contains { $0.outcome == .refused } })
            #expect(second.done.isEmpty)
        }
    }

    @Test("an agent whose lock file was removed acts no more, and takes a new one")
    func removed() async throws {
        let lock = ResponderLock(path)
        #expect(await lock.check() == .held)
        #expect(await ResponderLock(path).check() == .heldElsewhere(by: ""))
        #expect(unlink(path) == 0)
        #expect(await !lock.isHeld())
        #expect(await !lock.record([.holder("x")], at: time.now))
        let other = ResponderLock(path)
        #expect(await other.check() == .held)
        #expect(await lock.check() == .heldElsewhere(by: ""))
    }

    @Test(
        "a lock that cannot be used is said to be so, and nothing is done",
        arguments: [
            ("mkdir", "cannot be opened: Is a directory; give this user"), ("mkfifo", "is not a regular file; give this user"),
            ("nowhere", "cannot be opened: No such file or directory"), ("link", "cannot be opened: Too many levels of symbolic links"),
        ])
    func unusable(how: String, sentence: String) async throws {
        switch how {
        case "mkdir": #expect(mkdir(path, 0o700) == 0)
        case "mkfifo": #expect(mkfifo(path, 0o600) == 0)
        case "link": #expect(symlink("/nowhere", path) == 0)
        default: break
        }
        let lock = ResponderLock(how == "nowhere" ? path + "/in/no/folder" : path)
        guard case .unusable(let said) = await lock.check() else { return #expect(Bool(false)) }
        #expect(said.hasPrefix("the responder lock \(directory.path)") && said.contains(sentence), "\(said)")
    }

    @Test("records are read whatever else stands in the file, and are reduced to the last day when it grows")
    func records() async throws {
        let now = time.now
        let lock = ResponderLock(path)
        try directory.write("lock", "{\"holder\": \"a\"}\nnonsense\n{\"attempt\": 1}\n\n{\"unfin")
        #expect(await lock.check() == .held)
        #expect(try await lock.takeOver(at: now).attempts.isEmpty)
        func attempt(_ age: Double) -> Attempt {
            Attempt(
                responder: "r", monitor: "M", server: "s", episode: UUID(), trigger: "unhealthy", at: now.addingTimeInterval(-age),
                outcome: .succeeded, detail: "secret")
        }
        #expect(await lock.record([.attempt(attempt(100_000)), .attempt(attempt(10))], at: now))
        #expect(try await lock.takeOver(at: now).attempts.values.map(\.at) == [now.addingTimeInterval(-10)])
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(!text.contains("secret") && text.split(separator: "\n").count == 2, "\(text)")
        #expect(await lock.record((0..<8000).map { _ in .attempt(attempt(100_000)) }, at: now))
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_size < 1000)
    }
}
