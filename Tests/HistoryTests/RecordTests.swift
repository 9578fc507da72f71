import FoundationEssentials
import History
import TestSupport
import Testing

@testable import Monitoring
@testable import Probing

/// What is noted comes back, newest first and as it was.
@Suite struct RecordTests {
    @Test("history is newest first, and asked for by subject, server, time, sort and number")
    func queries() async throws {
        let site = try await StoreSite()
        try await site.run { store in
            for index in 0..<5 { store.record(site.result("P", index == 2 ? .failed : .succeeded, at: Double(index))) }
            store.record(site.result("Other", server: "", at: 10))
            let episode = site.episode()
            let key = episode.key
            let definition = MonitorDefinition(name: "M", rule: .consecutiveFailures(1))
            let status = MonitorStatus(key: key, definition: definition, state: .degraded, since: site.time.now + 6, episode: episode)
            store.record(.transition(TransitionRecord(Transition(before: .healthy, status: status, episode: episode))))
            store.record(.attempt(site.attempt(.succeeded, at: 7)))
            store.record(.override(site.override()))
            try await store.flush()

            func ask(_ change: (inout HistoryQuery) -> Void) async throws -> [String] {
                var query = HistoryQuery()
                change(&query)
                return try await store.history(query).map { "\($0.subject) \($0.what)" }
            }
            #expect(
                try await ask { _ in } == [
                    "Set\\Other Succeeded", "pager succeeded", "Set\\M Healthy -> Degraded", "Set\\P Succeeded", "Set\\P Succeeded",
                    "Set\\P Failed", "Set\\P Succeeded", "Set\\P Succeeded", "Set\\P override added",
                ])
            for spelling in ["Set\\P", "set/p", "P", "p"] {
                #expect(try await ask { $0.subject = spelling }.count == 6, "\(spelling)")
            }
            #expect(try await ask { $0.subject = "m" } == ["pager succeeded", "Set\\M Healthy -> Degraded"])
            #expect(try await ask { $0.subject = "SET" }.count == 9, "a health set is all that is in it")
            #expect(try await ask { $0.subject = "Pager" } == ["pager succeeded"])
            #expect(try await ask { $0.subject = "none" } == [])
            #expect(try await ask { $0.server = "MBX01" }.count == 7)
            #expect(try await ask { $0.since = site.time.now + 7 } == ["Set\\Other Succeeded", "pager succeeded"])
            #expect(try await ask { $0.until = site.time.now + 0.5 }.count == 2)
            #expect(try await ask { $0.sorts = [.decision] } == ["Set\\P override added"])
            #expect(try await ask { $0.limit = 2 }.count == 2)
            var query = HistoryQuery()
            query.sorts = [.result]
            query.since = site.time.now + 2
            query.until = site.time.now + 2
            #expect(
                try await store.history(query) == [
                    HistoryRecord(
                        at: site.time.now + 2, sort: .result, subject: "Set\\P", server: "mbx01.test", what: "Failed",
                        reason: "connect_refused", sentence: "nobody listens", durationSeconds: 1.5, sampleValue: 42)
                ])
        }
    }

    @Test("a new process is given what stands: decisions, open and just ended episodes, their attempts and those of a day")
    func restoring() async throws {
        let site = try await StoreSite()
        let (override, ended, maintenance) = (site.override(), site.override(property: "timeout"), site.maintenance())
        var (open, over, old) = (site.episode("Open"), site.episode("Over", began: -90_000), site.episode("Old", began: -95_000))
        open.escalated = site.time.now
        over.ended = site.time.now - 86_000
        old.ended = site.time.now - 87_000
        let (recent, past) = (site.attempt(), site.attempt(at: -90_000))
        let (ofOpen, ofOld) = (site.attempt(at: -90_000, in: open.id), site.attempt(at: -90_000, in: old.id))
        try await site.run { store in
            for entry: JournalEntry in [
                .override(override), .override(ended), .overrideEnded(ended, at: site.time.now, why: "removed"), .maintenance(maintenance),
                .episode(open), .episode(over), .episode(old), .attempt(past), .attempt(ofOpen), .attempt(ofOld),
            ] { store.record(entry) }
            try await store.persist(.attempt(recent))
        }
        let restored = site.open().restore()
        #expect(restored.overrides == [override])
        #expect(restored.maintenance == [maintenance])
        #expect(restored.episodes == [over, open])
        #expect(restored.attempts == [ofOpen, recent])
        site.time.advance(by: .seconds(86_401))
        // Its date is over; whether that date is to be believed is not for the store to say.
        #expect(site.open().restore().overrides == [override])
        #expect(site.open().restore().episodes == [open])
        #expect(site.open().restore().attempts == [ofOpen])
    }

    @Test("a decision that takes another's place ends it in the same moment")
    func replacing() async throws {
        let site = try await StoreSite()
        let (first, second) = (site.override("60s"), site.override("90s"))
        let (long, short) = (site.maintenance(), site.maintenance("set"))
        try await site.run { store in
            for entry: JournalEntry in [.override(first), .override(second), .maintenance(long), .maintenance(short)] {
                try await store.persist(entry)
            }
        }
        #expect(site.open().restore().overrides == [second])
        #expect(site.open().restore().maintenance == [short])
    }

    @Test("no older form of an episode takes back its acknowledgement, its escalation or its end")
    func merging() async throws {
        let site = try await StoreSite()
        let plain = site.episode()
        var (escalated, acknowledged, changed, over) = (plain, plain, plain, plain)
        escalated.escalated = site.time.now
        acknowledged.acknowledged = Episode.Acknowledgement(by: "anna", at: site.time.now, comment: "on it")
        changed.sentence = "another"
        over.ended = site.time.now
        try await site.run { store in
            store.record(.episode(plain))
            store.record(.episode(escalated))
            try await store.persist(.episode(acknowledged))
            store.record(.episode(changed))
        }
        var expected = changed
        expected.escalated = site.time.now
        expected.acknowledged = acknowledged.acknowledged
        #expect(site.open().restore().episodes == [expected])
        try await site.run { store in
            store.record(.episode(over))
            try await store.persist(.episode(acknowledged))
            var query = HistoryQuery()
            query.sorts = [.decision]
            let decisions = try await store.history(query)
            #expect(decisions.map(\.what) == ["acknowledged"])
            #expect(decisions.first?.sentence == "by anna: on it")
        }
        #expect(site.open().restore().episodes.map(\.ended) == [site.time.now])
    }

    @Test("of an attempt the latest form counts")
    func attempts() async throws {
        let site = try await StoreSite()
        var attempt = site.attempt()
        try await site.run { store in
            store.record(.attempt(attempt))
            try await store.flush()
            attempt.outcome = .failed
            attempt.detail = "status 500"
            store.record(.attempt(attempt))
        }
        let store = site.open()
        #expect(store.restore().attempts == [attempt])
        let records = try await store.history(HistoryQuery())
        #expect(records.map(\.what) == ["failed"])
        #expect(records.first?.sentence == "Set\\M unhealthy: status 500")
    }

    @Test("results beyond fifty thousand that wait to be written are dropped and counted")
    func bounds() async throws {
        let site = try await StoreSite()
        let store = site.open()
        let result = site.result()
        for _ in 0..<55_000 { store.record(result) }
        #expect(store.facts.dropped == 5000)
        #expect(store.facts.problem == nil)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await store.run() }
            try await store.flush()
            var query = HistoryQuery()
            query.limit = 100_000
            #expect(try await store.history(query).count == 50_000)
            #expect(store.facts.bytes > 1 << 20)
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    @Test("what was noted is written when the agent ends; afterwards nothing can be kept")
    func ending() async throws {
        let site = try await StoreSite()
        let store = site.open()
        for _ in 0..<2500 { store.record(site.result()) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await store.run() }
            group.cancelAll()
            try await group.waitForAll()
        }
        await #expect(throws: JournalError.self) { try await store.persist(.override(site.override())) }
        await #expect(throws: JournalError.self) { try await store.flush() }
        var query = HistoryQuery()
        query.limit = 10_000
        #expect(try await site.open().history(query).count == 2500)
    }
}
