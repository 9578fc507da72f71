import FoundationEssentials
import History
import Probing
import TestSupport
import Testing

@testable import Monitoring

/// History is bounded by age and by bytes; what stands is not touched by either.
@Suite struct RetentionTests {
    @Test("what is older than it is kept for goes, but never what stands")
    func byAge() async throws {
        let site = try await StoreSite()
        let (override, episode) = (site.override(), site.episode())
        let attempt = site.attempt(at: -90_000, in: episode.id)
        try await site.run({ $0.keepFor = .seconds(3600) }) { store in
            store.record(.episode(episode))
            store.record(.attempt(site.attempt(at: -90_000)))
            store.record(.attempt(attempt))
            try await store.persist(.override(override))
            for _ in 0..<5000 { store.record(site.result("Old")) }
            try await store.flush()
            // From here it is known what was there then.
            site.time.advance(by: .seconds(300))
            // The second is answered after the first has been followed by a look at ages.
            for _ in 0..<2 { try await store.flush() }
            site.time.advance(by: .seconds(90_000))
            for _ in 0..<10 {
                store.record(site.result("New"))
                try await store.flush()
            }
            // The last row of each table stays: here the decision's.
            func rest() async throws -> [HistoryQuery.Sort] {
                let records = try await store.history(HistoryQuery())
                #expect(records.prefix(10).allSatisfy { $0.subject == "Set\\New" })
                return records.dropFirst(10).map(\.sort)
            }
            let isPruned = try await eventually(within: .seconds(20), every: .milliseconds(20)) {
                try await rest() == [.decision, .attempt]
            }
            let left = try await rest()
            #expect(isPruned, "\(left)")
        }
        let restored = site.open().restore()
        #expect(restored.overrides == [override])
        #expect(restored.episodes == [episode])
        #expect(restored.attempts == [attempt])
    }

    @Test("a clock set three hundred years on, and back, deletes nothing, whatever is written meanwhile")
    func jump() async throws {
        let site = try await StoreSite()
        var over = site.episode()
        over.ended = site.time.now
        let (attempt, ended) = (site.attempt(in: over.id), over)
        let years: TimeInterval = 300 * 365 * 86400
        try await site.run { store in
            store.record(.episode(ended))
            store.record(.attempt(attempt))
            try await store.persist(.override(site.override()))
            for _ in 0..<3000 { store.record(site.result("Before")) }
            try await store.flush()
            site.time.jump(by: years)
            for _ in 0..<20 {
                site.time.advance(by: .seconds(61))
                store.record(site.result("During"))
                try await store.flush()
            }
        }
        // A process that starts with the wrong date, and ends with the right one.
        try await site.run { store in
            site.time.advance(by: .seconds(61))
            store.record(site.result("During"))
            try await store.flush()
            site.time.jump(by: -years)
            for _ in 0..<5 {
                site.time.advance(by: .seconds(61))
                store.record(site.result("After"))
                try await store.flush()
            }
            var query = HistoryQuery()
            query.limit = 10_000
            let names = try await store.history(query).reduce(into: [String: Int]()) { $0["\($1.subject) \($1.sort)", default: 0] += 1 }
            #expect(names["Set\\Before result"] == 3000 && names["Set\\During result"] == 21 && names["Set\\After result"] == 5, "\(names)")
        }
        let restored = site.open().restore()
        #expect(restored.episodes == [ended] && restored.attempts == [attempt] && restored.overrides.count == 1)
    }

    @Test("what is deleted for its size is what was written first, not what bears the earliest date")
    func sizeAfterJump() async throws {
        let site = try await StoreSite()
        try await site.run({ $0.maximumBytes = 1 << 20 }) { store in
            site.time.jump(by: 300 * 365 * 86400)
            for _ in 0..<3000 { store.record(site.result("Future", .failed)) }
            try await store.flush()
            site.time.jump(by: -300 * 365 * 86400)
            for _ in 0..<20 {
                for _ in 0..<1000 { store.record(site.result("Now", .failed)) }
                try await store.flush()
            }
            var query = HistoryQuery()
            query.limit = 100_000
            let names = Set(try await store.history(query).map(\.subject))
            #expect(names == ["Set\\Now"])
        }
    }

    @Test("the files stay below their size, and the newest results stay")
    func byBytes() async throws {
        let site = try await StoreSite()
        let bound = 2 << 20
        try await site.run({ $0.maximumBytes = bound }) { store in
            try await store.persist(.override(site.override()))
            for round in 0..<60 {
                site.time.advance(by: .seconds(1))
                for index in 0..<1000 { store.record(site.result("P\(index % 20)", .failed, at: Double(index) / 1000)) }
                try await store.flush()
                #expect(store.facts.bytes < bound, "round \(round)")
            }
            #expect(store.facts.bytes > bound / 2)
            #expect(store.facts.dropped == 0)
            var query = HistoryQuery()
            query.sorts = [.result]
            query.limit = 100_000
            let records = try await store.history(query)
            #expect(records.count > 1000 && records.count < 60_000)
            #expect(records.first.map { $0.at > site.time.now + 0.99 } == true)
            #expect(zip(records, records.dropFirst()).allSatisfy { $0.at >= $1.at })
        }
        #expect(site.open().restore().overrides.count == 1)
    }

    @Test("a bound that was lowered is reached, and the room given back")
    func lowered() async throws {
        let site = try await StoreSite()
        try await site.run { store in
            for _ in 0..<40_000 { store.record(site.result("P", .failed)) }
            try await store.flush()
            #expect(store.facts.bytes > 4 << 20)
        }
        try await site.run({ $0.maximumBytes = 1 << 20 }) { store in
            for _ in 0..<100 {
                store.record(site.result())
                try await store.flush()
            }
            #expect(store.facts.bytes < 1 << 20)
        }
    }
}
