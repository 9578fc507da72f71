import FoundationEssentials
import Monitoring
import Probing
import Testing

@testable import StatusServer

/// The last runs of a probe, and how they are drawn.
@Suite struct RunStripTests {
    private static let key = ProbeKey(identity: ProbeIdentity(healthSet: "Web", name: "P"), site: .server("mbx01"))

    private static func run(_ type: ResultType, _ milliseconds: Int = 10, of key: ProbeKey = key) -> CacheChange {
        .ran(
            ProbeResult(
                key: key, kind: "tcp", start: Date(timeIntervalSince1970: 0), end: Date(timeIntervalSince1970: 1),
                duration: .milliseconds(milliseconds), type: type, outcome: Outcome()))
    }

    @Test("the newest forty are kept, whether the probe was removed in between or not")
    func bounded() {
        let recent = RecentRuns()
        for index in 0..<50 {
            recent.changed(Self.run(index < 45 ? .succeeded : .failed, index))
            if index == 20 { recent.changed(.removed(Self.key)) }
        }
        let runs = recent.of(Self.key)
        #expect(runs.map(\.milliseconds) == (10..<50).map(Double.init))
        #expect(runs.map(\.standing) == Array(repeating: .passing, count: 35) + Array(repeating: .failing, count: 5))
        #expect(RunStrip.words(Array(runs)) == "40 runs: 35 passing, 5 failing")
    }

    @Test("probes that were removed make room for others")
    func room() {
        let recent = RecentRuns()
        let keys = (0..<20_001).map { ProbeKey(identity: ProbeIdentity(healthSet: "Web", name: "P\($0)"), site: .organization) }
        for key in keys { recent.changed(Self.run(.succeeded, of: key)) }
        #expect(recent.of(keys[20_000]).isEmpty)
        recent.changed(.removed(keys[7]))
        recent.changed(Self.run(.succeeded, of: keys[20_000]))
        #expect(recent.of(keys[20_000]).count == 1 && recent.of(keys[7]).isEmpty && recent.of(keys[8]).count == 1)
    }

    @Test("what an earlier process left comes before the runs of this one")
    func restored() {
        let recent = RecentRuns()
        recent.changed(Self.run(.succeeded, 3))
        let records = [(2, "Timeout", nil), (1, "Succeeded", "certificate_expires_soon"), (0, "Rejected", nil)].map { at, what, reason in
            HistoryRecord(
                at: Date(timeIntervalSince1970: Double(at)), sort: .result, subject: "Web\\P", server: "mbx01", what: what, reason: reason,
                durationSeconds: Double(at) / 1000)
        }
        #expect(recent.of(Self.key).count == 1)
        recent.restore(records)
        #expect(recent.of(Self.key).map(\.standing) == [.unknown, .warning, .failing, .passing])
        #expect(recent.of(Self.key).map(\.milliseconds) == [0, 1, 2, 3])
        let other = RecentRuns()
        other.restore(records)
        #expect(other.of(Self.key).count == 3)
        other.changed(Self.run(.succeeded, 3))
        #expect(other.of(Self.key).map(\.milliseconds) == [0, 1, 2, 3])
        let svg = RunStrip.svg(Array(recent.of(Self.key)))
        #expect(svg.contains("<path class=\"f\" d=\"M152 11h3\"/>") && svg.contains("<path class=\"p\" d=\"M156 11h3\"/>"), "\(svg)")
    }

    @Test(
        "a share is rounded down: a single failure among ten thousand runs shows",
        arguments: [
            (10_000, 10_000, "100 %"), (9_999, 10_000, "99.99 %"), (99_999, 100_000, "99.99 %"), (1, 2, "50 %"), (2, 3, "66.66 %"),
            (0, 5, "0 %"), (1, 100_000, "0 %"), (601, 10_000, "6.01 %"),
        ])
    func share(part: Int, all: Int, text: String) { #expect(ProbeRow.percentage(part, of: all) == text) }
}
