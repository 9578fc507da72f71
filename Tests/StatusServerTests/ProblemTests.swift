import API
import Exposition
import FoundationEssentials
import HealthManager
import Monitoring
import Probing
import TestSupport
import Testing

@testable import StatusServer

/// What becomes one problem on the page, and what is said of it.
@Suite struct ProblemTests {
    private static let cause = ProbeIdentity(healthSet: "Mail", name: "Cause")
    private static func finding(_ reason: Reason, cause: ProbeIdentity? = nil) -> Finding {
        Finding(.failure, stage: .endpoint, reason: reason, sentence: "\(reason.rawValue) seen", cause: cause)
    }

    private static func problems(_ site: TroubledSite) async -> [Problem] { Problem.all(Trouble.all(in: await site.manager.snapshot())) }

    /// Runs a site's manager while a test looks at it.
    private static func running(_ site: TroubledSite, _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await site.manager.run() }
            try await body()
            group.cancelAll()
        }
    }

    @Test("what another probe explains is no problem of its own, on the same server first; without its cause it is one")
    func explained() async throws {
        let site = try TroubledSite(["mbx01", "mbx02", "mbx03"], time: ManualTime(), observers: [], withCauses: true)
        site.set(Self.finding(.certificateExpired), on: ["mbx01/Cause", "mbx02/Cause"])
        site.set(Self.finding(.endpointUnavailable, cause: Self.cause), on: ["mbx01", "mbx02", "mbx03"])
        try await Self.running(site) {
            #expect(await site.advance { await Self.problems(site).first?.explained.count == 3 })
            var problems = await Self.problems(site)
            #expect(problems.count == 1 && problems[0].title == "certificate expired" && problems[0].extent == " on 3 servers")
            #expect(problems[0].troubles.map(\.key.server) == ["mbx01", "mbx02"])
            let verdict = Verdict(problems, in: await site.manager.snapshot())
            #expect(verdict.headline == "1 problem: certificate expired on 3 servers" && verdict.standing == .failing)

            site.set(nil, on: ["mbx01/Cause", "mbx02/Cause"])
            #expect(await site.advance { await Self.problems(site).first?.title == "endpoint unavailable" })
            problems = await Self.problems(site)
            #expect(problems.count == 1 && problems[0].explained.isEmpty && problems[0].lead.cause == Self.cause)
        }
    }

    @Test("different reasons are different problems, the one that affects most first; none is left when all is well")
    func apart() async throws {
        let site = try TroubledSite(["mbx01", "mbx02", "mbx03"], time: ManualTime(), observers: [])
        site.set(Self.finding(.timeout), on: ["mbx01"])
        site.set(Self.finding(.connectRefused), on: ["mbx02", "mbx03"])
        try await Self.running(site) {
            #expect(await site.advance { await Self.problems(site).count == 2 })
            #expect(await site.advance { await Self.problems(site).first?.troubles.count == 2 })
            let verdict = Verdict(await Self.problems(site), in: await site.manager.snapshot())
            #expect(verdict.headline == "2 problems: connect refused on 2 servers, and 1 more")
            site.set(nil, on: ["mbx01", "mbx02", "mbx03"])
            #expect(await site.advance { await Self.problems(site).isEmpty })
            let well = Verdict([], in: await site.manager.snapshot())
            #expect(well.headline == "All 3 probes pass" && well.standing == .passing && well.since != nil)
        }
    }

    @Test("a failure that no monitor counts is shown, as one that does not alert")
    func unmonitored() async throws {
        let site = try TroubledSite(["mbx01"], time: ManualTime(), observers: [], isMonitored: false)
        site.set(Self.finding(.timeout), on: ["mbx01"])
        try await Self.running(site) {
            #expect(await site.advance { await !Self.problems(site).isEmpty })
            let problem = try #require(await Self.problems(site).first)
            #expect(problem.isPending && problem.lead.note == "not alerting: its monitors are disabled")
            // A feed of what alerts does not have it.
            #expect(ProblemFeed(await site.manager.snapshot(), base: "./", memory: FeedMemory()).entries.isEmpty)
        }
    }

    @Test("a failure that no monitor counts is as old as its first run, not as its last")
    func age() async throws {
        let recent = RecentRuns()
        let time = ManualTime()
        let site = try TroubledSite(["mbx01"], time: time, observers: [recent], isMonitored: false)
        let history = RunHistory(site.manager, recent: recent, time: time)
        site.set(Self.finding(.timeout), on: ["mbx01"])
        try await Self.running(site) {
            func since() async -> Date? { Trouble.all(in: await site.manager.snapshot(), history: history).first?.since }
            #expect(await site.advance { await since() != nil })
            let began = await since()
            await site.advance(by: 60)
            #expect(await since() == began)
            #expect(await Self.problems(site).first?.since != began)
        }
    }

    @Test(
        "a sentence begins with a capital, a name or a path as it is",
        arguments: [
            ("certificate AB expired", "Certificate AB expired"), ("mbx01.fabrikam.com: no key", "mbx01.fabrikam.com: no key"),
            ("/etc/x: missing", "/etc/x: missing"), ("", ""), ("iPhone", "iPhone"),
        ])
    func sentence(text: String, shown: String) { #expect(ProbeWords.sentence(text) == shown) }

    @Test(
        "in the matrix, a server's name is short, an address is whole",
        arguments: [("mbx01.fabrikam.com", "mbx01"), ("mbx01", "mbx01"), ("10.0.0.1", "10.0.0.1"), ("2001:db8::1", "2001:db8::1")])
    func column(server: String, shown: String) { #expect(ServerMatrix.short(server) == shown) }

    @Test("the path of a probe's page holds any target", arguments: ["https://a/b?c=d&e=f#g", "[::1]:443", "é\u{301} '\"<>"])
    func path(target: String) throws {
        let key = ProbeKey(identity: ProbeIdentity(healthSet: "Web", name: "P", target: target), site: .target(address: "::1"))
        let parts = ProbeWords.path(key).split(separator: "?")
        #expect(parts.count == 2 && parts[0] == "probes/Web/P")
        let query = FormQuery(parts[1])
        #expect(query["target"].map { Array($0.utf8) } == Array(target.utf8) && query["address"] == "::1" && query["server"] == nil)
    }
}
