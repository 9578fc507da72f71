import API
import FoundationEssentials
import HealthManager
import Monitoring
import Probing
import TestSupport
import Testing

@Suite struct DecisionTests {
    private let time = ManualTime()
    private let journal = MemoryJournal()

    private func running(withCauses: Bool = false, _ body: @escaping @Sendable (TroubledSite) async throws -> Void) async throws {
        let site = try TroubledSite(["mbx01", "mbx02"], time: time, observers: [], journal: journal, withCauses: withCauses)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await site.manager.run() }
            await site.advance(by: 1)
            try await body(site)
            group.cancelAll()
        }
    }

    private func override(
        _ property: String, _ value: String, of item: String = "mail/PROBE", on server: String? = nil, for seconds: Double = 60
    )
        -> OverrideRequest
    {
        OverrideRequest(identity: item, property: property, value: value, server: server, seconds: seconds, by: "alice")
    }

    @Test("an override is in force at once, on its server alone, in any case, and ends by itself to the second")
    func exact() async throws {
        try await running { site in
            _ = try await site.changes.add(override("RETRIES", "7", on: "MBX01"))
            func retries() async -> [Int] { await site.manager.snapshot().probes.map(\.definition.retries) }
            #expect(await retries() == [7, 0])
            await site.advance(by: 59)
            #expect(await retries() == [7, 0])
            await site.advance(by: 1)
            // The clock stands still from here: what is due at this second is done, and no later one comes.
            #expect(await eventually(within: .seconds(60)) { await retries() == [0, 0] })
            #expect(await site.manager.snapshot().overrides.isEmpty)
        }
    }

    @Test("a later override of the same property takes the place of the earlier; removing it restores what is configured")
    func replaced() async throws {
        try await running { site in
            _ = try await site.changes.add(override("every", "20s"))
            _ = try await site.changes.add(override("every", "30s"))
            #expect(await site.manager.snapshot().overrides.map(\.value) == ["30s"])
            #expect(await site.manager.snapshot().probes.map(\.definition.every) == [.seconds(30), .seconds(30)])
            _ = try await site.changes.remove(OverrideRemoval(identity: "Mail\\Probe", property: "every", by: "bob"))
            #expect(await site.manager.snapshot().probes.map(\.definition.every) == [.seconds(10), .seconds(10)])
        }
    }

    @Test("a disabled probe is gone and comes back; a disabled monitor is Disabled, and its episode over")
    func disabled() async throws {
        try await running { site in
            _ = try await site.changes.add(override("enabled", "false", on: "mbx02", for: 30))
            #expect(await site.manager.snapshot().probes.map(\.key.server) == ["mbx01"])
            let refusal = await Invoker(site.manager).invoke(InvokeRequest(probe: "Probe", servers: ["mbx02"]), remote: true).refusals.first
            #expect(refusal?.sentence.hasSuffix("; an override disables it: see 'agent override list'") == true, "a restart would not help")
            await site.advance(by: 30)
            #expect(await eventually(within: .seconds(60)) { await site.manager.snapshot().probes.count == 2 })
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await site.advance { await site.states(.unhealthy) == 1 })
            _ = try await site.changes.add(override("enabled", "false", of: "Mail/Monitor"))
            #expect(await site.states(.disabled) == 2)
            #expect(await site.manager.alerts().allSatisfy { $0.endsAt != nil })
        }
    }

    @Test(
        "what can't be overridden so is refused with a reason",
        arguments: [
            ("evry", "20s", "unknown property"), ("every", "1s", "must not be shorter than the timeout"),
            ("timeout", "20s", "must not be longer than the interval"), ("retries", "11", "from 0 to 10"),
            ("enabled", "maybe", "true or false"),
            ("options.none", "1", "has no such option"),
        ])
    func refused(_ property: String, _ value: String, _ why: String) async throws {
        try await running { site in
            await #expect {
                _ = try await site.changes.add(override(property, value))
            } throws: { "\($0)".contains(why) }
        }
    }

    @Test("an override up to a version is in force below it, and one with both ends, or neither, is refused")
    func versions() async throws {
        try await running { site in
            var request = override("retries", "1")
            request.seconds = nil
            await #expect(throws: DecisionRefused.self) { _ = try await site.changes.add(request) }
            request.untilVersion = "99.1"
            _ = try await site.changes.add(request)
            await site.advance(by: 200)
            #expect(await site.manager.snapshot().overrides.map(\.end) == [.version("99.1")])
            request.seconds = 60
            await #expect(throws: DecisionRefused.self) { _ = try await site.changes.add(request) }
        }
    }

    @Test("what can't be kept is not in force")
    func broken() async throws {
        try await running { site in
            journal.breakDown()
            await #expect {
                _ = try await site.changes.add(override("retries", "1"))
            } throws: { "\($0)".contains("can't be saved") }
            #expect(await site.manager.snapshot().overrides.isEmpty)
        }
    }

    @Test("a component is inactive while any requester says so, and only that one can lift its word")
    func requesters() async throws {
        try await running { site in
            var first = MaintenanceRequest(server: "mbx01", by: "alice")
            first.component = "mail"
            var second = first
            second.requester = "HealthAPI"
            _ = try await site.changes.start(first)
            _ = try await site.changes.start(second)
            _ = try await site.changes.end(MaintenanceEnd(server: "mbx01", component: "Mail", by: "alice"))
            #expect(await site.manager.inactiveSince(healthSet: "Mail", server: "mbx01") != nil)
            #expect(await site.manager.inactiveSince(healthSet: "Mail", server: "mbx02") == nil)
            await #expect {
                _ = try await site.changes.end(MaintenanceEnd(server: "mbx01", component: "Mail", requester: "Other", by: "alice"))
            } throws: { "\($0)".contains("HealthAPI") }
            _ = try await site.changes.end(MaintenanceEnd(server: "mbx01", component: "Mail", requester: "healthapi", by: "alice"))
            #expect(await site.manager.inactiveSince(healthSet: "Mail", server: "mbx01") == nil)
        }
    }

    @Test("an override is measured by what others have made of the probe, and that of a server wins over that of all")
    func together() async throws {
        try await running { site in
            _ = try await site.changes.add(override("timeout", "9s"))
            await #expect(throws: DecisionRefused.self) { _ = try await site.changes.add(override("every", "8s")) }
            _ = try await site.changes.add(override("every", "40s"))
            _ = try await site.changes.add(override("timeout", "30s"))
            _ = try await site.changes.add(override("retries", "1", on: "mbx01"))
            _ = try await site.changes.add(override("retries", "2"))
            #expect(await site.manager.snapshot().probes.map(\.definition.retries) == [1, 2])
            #expect(await site.manager.snapshot().probes.map(\.definition.timeout) == [.seconds(30), .seconds(30)])
        }
    }

    @Test("a requester may have a window every week and one now; ending lifts all of them")
    func windows() async throws {
        try await running { site in
            var weekly = MaintenanceRequest(server: "*", by: "alice")
            (weekly.weekday, weekly.minute, weekly.seconds) = (1, 120, 3600)
            _ = try await site.changes.start(weekly)
            _ = try await site.changes.start(MaintenanceRequest(server: "*", by: "alice"))
            #expect(MaintenanceDocument.all(in: await site.manager.snapshot()).map(\.state).sorted() == ["Active", "Inactive"])
            _ = try await site.changes.end(MaintenanceEnd(server: "*", by: "alice"))
            #expect(await site.manager.snapshot().maintenance.isEmpty)
            var named = MaintenanceRequest(server: "*", by: "alice")
            named.requester = "a\nb"
            var long = MaintenanceRequest(server: "*", by: "alice")
            long.seconds = 1e300
            for refused in [named, long] {
                await #expect(throws: DecisionRefused.self) { _ = try await site.changes.start(refused) }
            }
        }
    }

    @Test("what no server has alone is in maintenance when all servers are")
    func shared() async throws {
        try await running { site in
            func inactive() async -> [String] { await site.manager.agentFacts().facts.inactiveSets.map(\.server) }
            _ = try await site.changes.start(MaintenanceRequest(server: "mbx01", by: "alice"))
            #expect(await inactive() == ["mbx01"])
            _ = try await site.changes.start(MaintenanceRequest(server: "mbx02", by: "alice"))
            #expect(await inactive() == ["", "mbx01", "mbx02"])
            _ = try await site.changes.end(MaintenanceEnd(server: "mbx01", by: "alice"))
            #expect(await inactive() == ["mbx02"])
        }
    }

    @Test("a wall clock that jumps by a day, either way, changes no state and no episode", arguments: [86400.0, -86400.0])
    func jump(_ interval: TimeInterval) async throws {
        try await running { site in
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await site.advance { await site.states(.degraded) == 1 })
            time.jump(by: interval)
            await site.advance(by: 30)
            #expect(await site.states(.degraded) == 1)
            await site.advance(by: 31)
            #expect(await eventually(within: .seconds(60)) { await site.states(.unhealthy) == 1 })
            #expect(await site.states(.healthy) == 1)
            time.jump(by: -interval)
            site.set(nil, on: ["mbx01"])
            await site.advance(by: 20)
            #expect(await eventually(within: .seconds(60)) { await site.states(.healthy) == 2 })
        }
    }

    @Test("decisions follow the date, and a clock that is set back within the hour has cost none; one that stays so ends them")
    func datesInDoubt() async throws {
        let year: TimeInterval = 365 * 86400
        try await running { site in
            _ = try await site.changes.add(override("retries", "7", for: 86400))
            var window = MaintenanceRequest(server: "mbx01", by: "alice")
            window.seconds = 86400
            _ = try await site.changes.start(window)
            func retries() async -> Int? { await site.manager.snapshot().probes.first?.definition.retries }
            func inactive() async -> Bool { await site.manager.inactiveSince(healthSet: "Mail", server: "mbx01") != nil }
            for jump in [year, -year] {
                time.jump(by: jump)
                let isBack = jump < 0
                #expect(await site.advance(atMost: 300) { await retries() == (isBack ? 7 : 0) })
                #expect(await site.advance(atMost: 300) { await inactive() == isBack })
                #expect(await site.manager.snapshot().overrides.count == (isBack ? 1 : 0))
                #expect(await site.manager.snapshot().maintenance.count == (isBack ? 1 : 0))
            }
            #expect(journal.ended == 0)
            time.jump(by: year)
            await site.advance(by: 3600)
            #expect(await site.advance(atMost: 300) { journal.ended == 2 })
            time.jump(by: -year)
            await site.advance(by: 30)
            #expect(await site.advance(atMost: 300) { await retries() == 0 })
        }
    }

    private static let caused = Finding(
        .failure, stage: .endpoint, reason: .connectRefused, sentence: "nobody listens",
        cause: ProbeIdentity(healthSet: "Mail", name: "Cause"))

    @Test("trouble whose cause another monitor has in hand is not told; it is once that one is well again and it still is there")
    func cause() async throws {
        try await running(withCauses: true) { site in
            site.set(Self.caused, on: ["mbx01"])
            site.set(TroubledSite.failure, on: ["mbx01/Cause"])
            #expect(await site.advance { await site.states(.unhealthy) == 2 })
            await site.advance(by: 100)
            #expect(
                await eventually(within: .seconds(60)) { await site.manager.alerts().map { $0.labels["alertname"] } == ["CauseMonitor"] })
            site.set(nil, on: ["mbx01/Cause"])
            #expect(await site.advance { await site.manager.alerts().contains { $0.labels["alertname"] == "Monitor" && $0.endsAt == nil } })
        }
    }

    @Test("a cause that nobody can judge holds trouble back for two of its intervals, no longer")
    func unjudged() async throws {
        try await running(withCauses: true) { site in
            site.set(Self.caused, on: ["mbx01"])
            site.set(Finding(.unknown, stage: .endpoint, reason: .notObserved, sentence: "it can't be seen"), on: ["mbx01/Cause"])
            #expect(await site.advance { await site.states(.unhealthy) == 1 })
            #expect(await site.manager.alerts().isEmpty)
            await site.advance(by: 70)
            #expect(await eventually(within: .seconds(60)) { await site.manager.alerts().count == 1 })
        }
    }

    @Test("an agent that starts anew knows what flapped: the third episode lasts until all has been well for a quarter of an hour")
    func flapping() async throws {
        for process in 1...3 {
            try await running { site in
                site.set(TroubledSite.failure, on: ["mbx01"])
                #expect(await site.advance { await site.states(.degraded) == 1 })
                let snapshot = await site.manager.snapshot()
                #expect(snapshot.agent.flapping.map(\.recurrences) == (process == 3 ? [3] : []))
                if process == 3 {
                    #expect(snapshot.probes.contains { $0.monitors.contains(where: \.isFlapping) })
                    #expect(await site.advance { await site.states(.unhealthy) == 1 })
                    #expect(await eventually(within: .seconds(60)) { await site.manager.alerts().first?.annotations["flapping"] != nil })
                }
                site.set(nil, on: ["mbx01"])
                let start = time.elapsed
                #expect(await site.advance { await site.states(.healthy) == 2 })
                #expect((time.elapsed - start >= .seconds(900)) == (process == 3))
            }
        }
    }

    @Test("what ended more than a quarter of an hour ago is told to no Alertmanager by a new agent")
    func endedLongAgo() async throws {
        try await running { site in
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await site.advance { await site.states(.unhealthy) == 1 })
            site.set(nil, on: ["mbx01"])
            #expect(await site.advance { await site.states(.healthy) == 2 })
        }
        func alerts() async throws -> Int {
            // Whoever tells Alertmanagers may ask before anything else is done.
            try await TroubledSite(["mbx01", "mbx02"], time: time, observers: [], journal: journal).manager.alerts().count
        }
        #expect(try await alerts() == 1)
        time.advance(by: .seconds(901))
        #expect(try await alerts() == 0)
    }
}

@Suite struct MaintenanceWindowTests {
    /// 2027-01-15T08:00:00Z, a Friday.
    private static let friday = Date(timeIntervalSince1970: 1_800_000_000)

    private static func maintenance(_ window: Maintenance.Window) -> Maintenance {
        Maintenance(server: "mbx01", component: "Mail", requester: "R", window: window, by: "alice", at: friday)
    }

    @Test("a weekly window comes every week at its time, and says when it changes next")
    func weekly() {
        // Sunday 02:00 for three hours; the first is on 2027-01-17.
        let window = Self.maintenance(.weekly(weekday: 1, minute: 120, minutes: 180, from: Self.friday))
        let sunday = Self.friday.addingTimeInterval(-8 * 3600 + 2 * 86400 + 2 * 3600)
        #expect(window.start(at: Self.friday) == nil && window.nextChange(after: Self.friday) == sunday)
        #expect(window.start(at: sunday.addingTimeInterval(-1)) == nil)
        #expect(window.start(at: sunday) == sunday && window.start(at: sunday.addingTimeInterval(3 * 3600 - 1)) == sunday)
        #expect(window.nextChange(after: sunday) == sunday.addingTimeInterval(3 * 3600))
        #expect(window.start(at: sunday.addingTimeInterval(3 * 3600)) == nil)
        #expect(window.nextChange(after: sunday.addingTimeInterval(3 * 3600)) == sunday.addingTimeInterval(7 * 86400))
        #expect(window.start(at: sunday.addingTimeInterval(70 * 86400)) == sunday.addingTimeInterval(70 * 86400))
        #expect(!window.isOver(at: sunday.addingTimeInterval(1000 * 86400)))
    }

    @Test("a window over the turn of the week is one")
    func acrossTheWeek() {
        // Saturday 23:00 for two hours.
        let window = Self.maintenance(.weekly(weekday: 7, minute: 23 * 60, minutes: 120, from: Self.friday))
        let sundayAtHalfPastMidnight = Self.friday.addingTimeInterval(-8 * 3600 + 2 * 86400 + 1800)
        #expect(window.start(at: sundayAtHalfPastMidnight) == sundayAtHalfPastMidnight.addingTimeInterval(-5400))
    }

    @Test("a weekly window that is asked for in its own course, or to begin in it, is in force from then on, to its end")
    func within() {
        // Friday 07:00 for two hours, asked for at 08:00.
        let end = Self.friday.addingTimeInterval(3600)
        var window = Self.maintenance(.weekly(weekday: 6, minute: 420, minutes: 120, from: Self.friday))
        #expect(window.start(at: Self.friday) == Self.friday && window.nextChange(after: Self.friday) == end)
        #expect(window.start(at: Self.friday.addingTimeInterval(-1)) == nil, "not before it was asked for")
        #expect(window.start(at: end) == nil && window.nextChange(after: end) == Self.friday.addingTimeInterval(7 * 86400 - 3600))
        let from = Self.friday.addingTimeInterval(1800)
        window = Self.maintenance(.weekly(weekday: 6, minute: 420, minutes: 120, from: from))
        #expect(window.start(at: Self.friday) == nil && window.nextChange(after: Self.friday) == from)
        #expect(window.start(at: from) == from && window.nextChange(after: from) == end)
    }

    @Test("a window of one time begins, ends and is over")
    func once() {
        let (from, until) = (Self.friday.addingTimeInterval(60), Self.friday.addingTimeInterval(120))
        let window = Self.maintenance(.once(from: from, until: until))
        #expect(window.start(at: Self.friday) == nil && window.nextChange(after: Self.friday) == from)
        #expect(window.start(at: from) == from && window.nextChange(after: from) == until)
        #expect(window.start(at: until) == nil && window.nextChange(after: until) == nil && window.isOver(at: until))
    }
}
