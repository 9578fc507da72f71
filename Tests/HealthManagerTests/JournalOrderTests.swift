import HealthManager
import Monitoring
import Probing
import Synchronization
import TestSupport
import Testing

@Suite struct JournalOrderTests {
    /// Looks into the journal at each change that it is told of.
    private final class Witness: ResultObserver {
        private let journal: MemoryJournal
        private let seen = Mutex((kept: [String](), missing: [String]()))

        init(_ journal: MemoryJournal) { self.journal = journal }

        var kept: Set<String> { seen.withLock { Set($0.kept) } }
        var missing: [String] { seen.withLock(\.missing) }

        func changed(_ change: CacheChange) {
            let recorded = Set(journal.entries.map(Self.text))
            for entry in change.entries {
                let name = Self.name(entry)
                seen.withLock { seen in if recorded.contains(Self.text(entry)) { seen.kept.append(name) } else { seen.missing.append(name) }
                }
            }
        }

        private static func name(_ entry: JournalEntry) -> String {
            switch entry {
            case .result: "result"
            case .episode(let episode): episode.escalated == nil ? "episode" : "escalated episode"
            case .transition: "transition"
            default: "other"
            }
        }

        /// All that is recorded of it, to be found again.
        private static func text(_ entry: JournalEntry) -> String {
            switch entry {
            case .result(let result): "result \(result.requestID)"
            case .episode(let episode): "episode \(episode)"
            case .transition(let record): "transition \(record)"
            default: "\(entry)"
            }
        }
    }

    @Test("the journal has recorded a change before an observer receives it")
    func order() async throws {
        let (time, journal) = (ManualTime(), MemoryJournal())
        let witness = Witness(journal)
        let site = try TroubledSite(["mbx01"], time: time, observers: [witness], journal: journal)
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await site.manager.run() }
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await site.advance { witness.kept.contains("escalated episode") })
            site.set(nil, on: ["mbx01"])
            #expect(await site.advance { await site.states(.healthy) == 1 })
            group.cancelAll()
        }
        #expect(witness.kept == ["result", "episode", "escalated episode", "transition"])
        #expect(witness.missing == [])
    }
}
