import Exposition
import FoundationEssentials
import HealthManager
import Probing
import TestSupport
import Testing

@testable import Monitoring
@testable import StatusServer

/// The feed of problems and the forecast's page: what stays the same from one look to the next.
@Suite struct FeedTests {
    @Test("an entry keeps its ID while its problem lasts, whichever place recovers, and no date goes back")
    func identity() async throws {
        let site = try TroubledSite(["mbx01", "mbx02"], time: ManualTime(), observers: [])
        let memory = FeedMemory()
        func feed() async -> ProblemFeed { ProblemFeed(await site.manager.snapshot(), base: "./", memory: memory) }
        site.set(TroubledSite.failure, on: ["mbx01"])
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await site.manager.run() }
            #expect(await site.advance { await feed().entries.first?.entryTitle.hasSuffix("on mbx01") == true })
            let first = await feed()
            site.set(TroubledSite.failure, on: ["mbx02"])
            #expect(await site.advance { await feed().entries.first?.entryTitle.hasSuffix("on 2 servers") == true })
            let second = await feed()
            site.set(nil, on: ["mbx01"])
            #expect(await site.advance { await feed().entries.first?.entryTitle.hasSuffix("on mbx02") == true })
            let third = await feed()
            #expect(
                first.entries.map(\.entryID) == second.entries.map(\.entryID)
                    && first.entries.map(\.entryID) == third.entries.map(\.entryID))
            #expect(first.entries.map(\.published) == third.entries.map(\.published))
            #expect(first.updated < second.updated && second.updated < third.updated)
            #expect(third.entries.first?.entryUpdated == third.updated)

            site.set(nil, on: ["mbx02"])
            #expect(await site.advance { await feed().entries.isEmpty })
            let none = await feed()
            #expect(third.updated < none.updated)
            await site.advance(by: 10)
            #expect(await feed().updated == none.updated)
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await site.advance { await !feed().entries.isEmpty })
            #expect(await feed().entries.map(\.entryID) != first.entries.map(\.entryID))
            group.cancelAll()
        }
    }

    @Test("what a reader opens on the page of the forecast has a name of its own, the same at the next look")
    func forecastIDs() throws {
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        func event(_ probe: String, _ days: Double, _ thumbprint: String) -> ForecastEvent {
            ForecastEvent(
                date: now + days * 86400, change: .warns, probe: probe, server: "", reason: "certificate_expires_soon", sentence: "soon",
                thumbprint: thumbprint, remedy: "renew it")
        }
        func ids(_ events: [ForecastEvent], at now: Date) throws -> [String] {
            let forecast = Forecast(generated: now, until: now, today: [], events: events, unreached: [], notes: [])
            let snapshot = Snapshot(taken: now, probes: [], agent: AgentFacts(started: now, configurationPath: ""))
            let page = ForecastPage(
                forecast, snapshot: snapshot, build: BuildInformation(version: "1", revision: "", swiftVersion: ""))
            let html = try PageTemplates().render(page, "forecast")
            return html.split(separator: "<details").dropFirst().map { String($0.prefix { $0 != ">" }) }
        }
        let events = [event("A\\B", 10, "1"), event("A\\B", 10, "2"), event("A\\C", 10, "1"), event("A\\B", 20, "1")]
        let first = try ids(events, at: now)
        #expect(
            first.count == 4 && Set(first).count == 4
                && first.allSatisfy { $0.hasPrefix(" id=\"coming-a-b") || $0.hasPrefix(" id=\"coming-a-c") })
        #expect(try ids(events, at: now + 300) == first)
        #expect(try ids(Array(events.dropFirst(2)), at: now) == Array(first.dropFirst(2)))
    }
}
