import FoundationEssentials
import History
import TestSupport
import Testing

@testable import Monitoring
@testable import Probing

/// The shares of successful runs, as the status page shows them.
@Suite struct UptimeTests {
    @Test("each window counts its own runs, and those that could not judge nowhere")
    func windows() async throws {
        let site = try await StoreSite()
        let day = 86400.0
        try await site.run { store in
            // At the ends of the windows, and beyond the last.
            for (index, ago) in [0, 1, 1.1, 6.9, 7.1, 29.9, 30.1].enumerated() {
                store.record(site.result("P", index % 2 == 0 ? .succeeded : .failed, at: -ago * day))
            }
            for type in [ResultType.rejected, .quarantined] { store.record(site.result("P", type, at: -10)) }
            store.record(site.result("P", .timeout, at: -20))
            store.record(site.result("Other", server: "", .succeeded, at: -40 * day))
            store.record(site.result("P", .succeeded, at: 60))
            try await store.flush()
            let shares = try await store.uptimes(at: site.time.now)
            #expect(shares.keys.sorted() == ["Set\\P\nmbx01.test"])
            let counts = try #require(shares["Set\\P\nmbx01.test"]).counts
            #expect(counts.map(\.judged) == [3, 5, 7] && counts.map(\.succeeded) == [1, 2, 3], "\(counts)")
        }
    }
}
