import FoundationEssentials
import TestSupport
import Testing

@testable import HealthManager
@testable import Monitoring
@testable import Probing

@Suite struct RunSchedulerTests {
    private struct NoProbe: Probe { func run(_ context: RunContext) async -> Outcome { Outcome() } }

    private static let interval: Duration = .seconds(10)
    private static let location = SourceLocation(path: "test.yaml")

    private static func key(_ name: String, _ server: String = "mbx01") -> ProbeKey {
        ProbeKey(identity: ProbeIdentity(healthSet: "Mail", name: name), site: .server(server))
    }

    private static func definition(_ key: ProbeKey) -> ProbeDefinition {
        ProbeDefinition(
            identity: key.identity, kind: StubKind().configured, summary: "", scope: .server(role: .mailbox), every: interval,
            timeout: .seconds(1), location: location)
    }

    private static func members(_ keys: [ProbeKey]) -> [ProbeKey: Roster.Member] {
        keys.reduce(into: [:]) { members, key in
            members[key] = Roster.Member(definition(key), NoProbe(), concurrencyGroup: key.server, target: nil)
        }
    }

    private static func limits(overall: Int = 100, perServer: Int = 100) -> RunLimits {
        var limits = RunLimits()
        limits.overall = overall
        limits.perServer = perServer
        return limits
    }

    /// A scheduler with these probes, from the time zero on.
    private static func scheduler(_ keys: [ProbeKey], _ limits: RunLimits = limits()) -> RunScheduler {
        var scheduler = RunScheduler(limits)
        scheduler.add(members(keys).mapValues(\.definition), at: .zero)
        return scheduler
    }

    /// Queues what is due next.
    /// - Returns: when it was due.
    @discardableResult private static func queueNext(_ scheduler: inout RunScheduler, _ keys: [ProbeKey]) throws -> Duration {
        let next = scheduler.nextDue
        let due = try #require(next)
        #expect(scheduler.queueDue(at: due, members(keys)).isEmpty)
        return due
    }

    private static func start(_ scheduler: inout RunScheduler) throws -> PlannedRun {
        let planned = scheduler.next(at: .zero)
        return try #require(planned)
    }

    private static func begun(_ scheduler: inout RunScheduler) -> [PlannedRun] {
        var begun: [PlannedRun] = []
        while let planned = scheduler.next(at: .zero) { begun.append(planned) }
        return begun
    }

    @Test("a run that is due is queued once, and may start")
    func due() throws {
        let key = Self.key("A")
        var scheduler = Self.scheduler([key])
        let next = scheduler.nextDue
        let due = try #require(next)
        #expect(scheduler.next(of: key) == due)
        #expect(scheduler.queueDue(at: due - Schedule.tick, Self.members([key])).isEmpty)
        #expect(scheduler.next(at: .zero) == nil)
        for _ in 0..<2 { #expect(scheduler.queueDue(at: due, Self.members([key])).isEmpty) }
        let begun = Self.begun(&scheduler)
        #expect(begun.map(\.key) == [key] && begun.map(\.due) == [due] && begun.map(\.generation) == [0])
        #expect(scheduler.skipped == 0)
    }

    @Test("a run that is due while the previous one has not ended is skipped and counted; the one after its end runs")
    func skipped() throws {
        let key = Self.key("A")
        var scheduler = Self.scheduler([key])
        try Self.queueNext(&scheduler, [key])
        let first = try Self.start(&scheduler)
        for expected in 1...2 {
            try Self.queueNext(&scheduler, [key])
            #expect(scheduler.next(at: .zero) == nil && scheduler.skipped == expected)
        }
        // It has a result, as Timeout, but is still running.
        scheduler.ended(first)
        try Self.queueNext(&scheduler, [key])
        #expect(scheduler.next(at: .zero) == nil && scheduler.skipped == 3)
        scheduler.freed(first)
        try Self.queueNext(&scheduler, [key])
        #expect(scheduler.next(at: .zero)?.key == key && scheduler.skipped == 3)
    }

    @Test("after three Poisoned runs a probe is quarantined, another is not, until the caches are cleared")
    func quarantine() throws {
        let (bad, good) = (Self.key("A"), Self.key("B"))
        let members = Self.members([bad, good])
        var scheduler = Self.scheduler([bad, good])
        var now = Duration.zero
        for poisonings in 0..<3 {
            now += Self.interval * 2
            #expect(scheduler.queueDue(at: now, members).isEmpty, "after \(poisonings)")
            let begun = Self.begun(&scheduler)
            #expect(Set(begun.map(\.key)) == [bad, good])
            for planned in begun {
                scheduler.ended(planned)
                scheduler.freed(planned)
            }
            scheduler.poisoned(bad)
        }
        now += Self.interval * 2
        let refused = scheduler.queueDue(at: now, members)
        #expect(refused.map(\.key) == [bad])
        #expect(Self.begun(&scheduler).map(\.key) == [good] && scheduler.skipped == 0)
        let result = refused.first?.quarantined(at: Date(timeIntervalSince1970: 0))
        #expect(result?.type == .quarantined && result?.decisive?.reason == .probeQuarantined && result?.key == bad)

        scheduler.clear()
        #expect(scheduler.nextDue == nil && scheduler.generation == 1)
        scheduler.add(members.mapValues(\.definition), at: now)
        #expect(scheduler.queueDue(at: now + Self.interval, members).isEmpty)
        #expect(Set(Self.begun(&scheduler).map(\.key)) == [bad, good])
    }

    @Test("a probe that is replaced stays quarantined; one that is gone and comes back is not", arguments: [false, true])
    func removed(
        isGone: Bool
    ) {
        let key = Self.key("A")
        let members = Self.members([key])
        var scheduler = Self.scheduler([key])
        for _ in 0..<3 { scheduler.poisoned(key) }
        scheduler.remove(key, isGone: isGone)
        #expect(scheduler.nextDue == nil)
        scheduler.add(members.mapValues(\.definition), at: .zero)
        #expect(scheduler.queueDue(at: Self.interval, members).map(\.key) == (isGone ? [] : [key]))
        #expect(Self.begun(&scheduler).map(\.key) == (isGone ? [key] : []))
    }

    @Test("a run of an earlier generation does not keep the probe from running in the next one")
    func generation() throws {
        let key = Self.key("A")
        let members = Self.members([key])
        var scheduler = Self.scheduler([key])
        _ = scheduler.queueDue(at: Self.interval, members)
        let older = try Self.start(&scheduler)
        scheduler.clear()
        scheduler.add(members.mapValues(\.definition), at: Self.interval)
        _ = scheduler.queueDue(at: Self.interval * 2, members)
        let newer = try Self.start(&scheduler)
        #expect(older.generation == 0 && newer.generation == 1 && scheduler.skipped == 0)
        // The end of the older one is no reason to run the newer one twice.
        scheduler.ended(older)
        scheduler.freed(older)
        _ = scheduler.queueDue(at: Self.interval * 4, members)
        #expect(scheduler.next(at: .zero) == nil && scheduler.skipped == 1)
    }

    @Test("no more runs start than the limits allow, and a server at its limit holds back no other")
    func limits() throws {
        let keys = ["A", "B", "C"].map { Self.key($0, "mbx01") } + [Self.key("A", "mbx02")]
        var scheduler = Self.scheduler(keys, Self.limits(perServer: 2))
        _ = scheduler.queueDue(at: Self.interval, Self.members(keys))
        let begun = Self.begun(&scheduler)
        #expect(begun.map(\.key.server).sorted() == ["mbx01", "mbx01", "mbx02"])
        scheduler.ended(try #require(begun.first { $0.key.server == "mbx01" }))
        #expect(Self.begun(&scheduler).map(\.key.server) == ["mbx01"])

        var narrow = Self.scheduler(keys, Self.limits(overall: 1))
        _ = narrow.queueDue(at: Self.interval, Self.members(keys))
        var order: [ProbeKey] = []
        while let planned = narrow.next(at: .zero) {
            order.append(planned.key)
            #expect(narrow.next(at: .zero) == nil)
            narrow.ended(planned)
        }
        #expect(Set(order) == Set(keys) && order.count == 4)
    }

    @Test("runs that have lasted a second give way to others of their server, and count once when they end")
    func longRuns() throws {
        let keys = ["A", "B", "C", "D", "E"].map { Self.key($0) }
        let hour = Duration.seconds(3600)
        var scheduler = RunScheduler(Self.limits(perServer: 2))
        let definitions = Self.members(keys).mapValues { member in
            ProbeDefinition(
                identity: member.definition.identity, kind: member.definition.kind, summary: "", scope: .server(role: .mailbox),
                every: hour,
                timeout: hour, location: Self.location)
        }
        scheduler.add(definitions, at: .zero)
        _ = scheduler.queueDue(at: hour, Self.members(keys))
        let silent = [scheduler.next(at: hour), scheduler.next(at: hour)].compactMap(\.self)
        #expect(silent.count == 2 && scheduler.next(at: hour) == nil)
        let next = scheduler.nextDue
        let later = hour + RunScheduler.countsFor
        #expect(next == later, "nothing wakes the scheduler when the next run may start")
        let others = [scheduler.next(at: later), scheduler.next(at: later)].compactMap(\.self)
        #expect(others.count == 2 && scheduler.next(at: later) == nil)
        // The end of a run that does not count any more makes no room.
        for run in silent { scheduler.ended(run) }
        #expect(scheduler.next(at: later) == nil)
        scheduler.ended(others[0])
        #expect(scheduler.next(at: later) != nil)
        #expect(Set((silent + others).map(\.key)).count == 4)
    }

    @Test("queued runs of probes that are removed meanwhile, or of before a restart, do not start", arguments: [false, true])
    func queuedGone(isRestart: Bool) {
        let (gone, kept) = ((0..<100).map { Self.key("G\($0)") }, Self.key("A", "mbx02"))
        var scheduler = Self.scheduler(gone + [kept], Self.limits(overall: 2))
        let now = Self.interval
        _ = scheduler.queueDue(at: now, Self.members(gone + [kept]))
        while let first = scheduler.next(at: now) {
            scheduler.ended(first)
            scheduler.freed(first)
            if first.key == kept { break }
        }
        if isRestart { scheduler.clear() } else { for key in gone { scheduler.remove(key, isGone: true) } }
        if isRestart { scheduler.add(Self.members([kept]).mapValues(\.definition), at: now) }
        _ = scheduler.queueDue(at: now + Self.interval, Self.members([kept]))
        var begun: [ProbeKey] = []
        while let run = scheduler.next(at: now + Self.interval) { begun.append(run.key) }
        #expect(begun == [kept])
    }

    @Test("a host whose runs all last long leaves three quarters of the places to others")
    func deadHost() {
        let dead = (0..<100).map { Self.key("D\($0)", "mbx01") }
        let good = Self.key("A", "mbx02")
        var scheduler = Self.scheduler(dead + [good], Self.limits(overall: 40, perServer: 4))
        let now = Self.interval
        _ = scheduler.queueDue(at: now, Self.members(dead))
        var begun = 0
        for second in 0..<60 {
            while scheduler.next(at: now + .seconds(second)) != nil { begun += 1 }
        }
        #expect(begun == 40 / 4 + 4)
        _ = scheduler.queueDue(at: now + .seconds(60), Self.members(dead + [good]))
        #expect(scheduler.next(at: now + .seconds(60))?.key == good)
    }

    @Test("a probe that the roster no longer has does not run, though it is still scheduled")
    func gone() {
        var scheduler = Self.scheduler([Self.key("A")])
        #expect(scheduler.queueDue(at: Self.interval, [:]).isEmpty)
        #expect(scheduler.next(at: .zero) == nil && scheduler.skipped == 0)
    }
}
