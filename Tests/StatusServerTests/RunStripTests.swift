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

    private static func ended(_ type: ResultType, at second: Double, warns: Bool = false) -> ProbeResult {
        let date = Date(timeIntervalSince1970: second)
        var outcome = Outcome()
        if warns { outcome.findings = [Finding(.warning, stage: .tls, reason: .certificateExpiresSoon, sentence: "soon")] }
        return ProbeResult(key: key, kind: "tcp", start: date, end: date, duration: .zero, type: type, outcome: outcome)
    }

    @Test("a trouble is as old as the first of the runs that show it, in this process or an earlier one")
    func troubled() {
        let recent = RecentRuns()
        func run(_ type: ResultType, _ second: Double, warns: Bool = false) -> Double? {
            recent.changed(.ran(Self.ended(type, at: second, warns: warns)))
            return recent.troubled(Self.key)?.timeIntervalSince1970
        }
        #expect(run(.succeeded, 10) == nil)
        #expect(run(.failed, 20) == 20)
        #expect(run(.timeout, 30) == 20)
        #expect(run(.rejected, 40) == 20)
        #expect(run(.succeeded, 50, warns: true) == 50)
        #expect(run(.succeeded, 60, warns: true) == 50)
        #expect(run(.failed, 70) == 70)
        #expect(run(.succeeded, 80) == nil)
        #expect(run(.failed, 90) == 90)
        // A history that is read late has nothing to say of what began in between.
        recent.restore([Self.record("Failed", 5)])
        #expect(recent.troubled(Self.key)?.timeIntervalSince1970 == 90)
    }

    private static func record(_ what: String, _ second: Double) -> HistoryRecord {
        HistoryRecord(at: Date(timeIntervalSince1970: second), sort: .result, subject: "Web\\P", server: "mbx01", what: what)
    }

    @Test(
        "a trouble that an earlier process left goes on, whether the history is read before the first run or after it",
        arguments: [true, false])
    func goesOn(isReadFirst: Bool) {
        let recent = RecentRuns()
        let records = [Self.record("Timeout", 4), Self.record("Failed", 3), Self.record("Succeeded", 2), Self.record("Failed", 1)]
        if isReadFirst { recent.restore(records) }
        recent.changed(.ran(Self.ended(.failed, at: 10)))
        if !isReadFirst { recent.restore(records) }
        #expect(recent.troubled(Self.key)?.timeIntervalSince1970 == 3)
        recent.changed(.ran(Self.ended(.failed, at: 11)))
        #expect(recent.troubled(Self.key)?.timeIntervalSince1970 == 3)
        recent.changed(.ran(Self.ended(.succeeded, at: 12)))
        #expect(recent.troubled(Self.key) == nil)
    }

    @Test("the latest ten runs of a probe that did not succeed are kept, of a hundred probes, and found by their IDs")
    func failed() throws {
        let recent = RecentRuns()
        let results = (0..<12).map { Self.ended($0 == 11 ? .succeeded : .failed, at: Double($0)) }
        for result in results { recent.changed(.ran(result)) }
        #expect(recent.failed(Self.key).map(\.requestID) == results[1...10].map(\.requestID))
        #expect(recent.failed(results[1].requestID) === results[1])
        #expect(recent.failed(results[0].requestID) == nil && recent.failed(results[11].requestID) == nil)
        let id = try #require(RequestID(results[5].requestID.description.uppercased()))
        #expect(recent.failed(id) === results[5])
        for text in ["", "7", "00000000-0000-8000-8000-000000000001", results[5].requestID.description + "0"] {
            #expect(RequestID(text) == nil)
        }
        for index in 0..<100 {
            let key = ProbeKey(identity: ProbeIdentity(healthSet: "Web", name: "P\(index)"), site: .organization)
            let date = Date(timeIntervalSince1970: 100)
            recent.changed(
                .ran(ProbeResult(key: key, kind: "tcp", start: date, end: date, duration: .zero, type: .failed, outcome: Outcome())))
        }
        #expect(recent.failed(Self.key).isEmpty)
    }

    @Test(
        "a share is rounded down: a single failure among ten thousand runs shows",
        arguments: [
            (10_000, 10_000, "100 %"), (9_999, 10_000, "99.99 %"), (99_999, 100_000, "99.99 %"), (1, 2, "50 %"), (2, 3, "66.66 %"),
            (0, 5, "0 %"), (1, 100_000, "0 %"), (601, 10_000, "6.01 %"),
        ])
    func share(part: Int, all: Int, text: String) { #expect(ProbeRow.percentage(part, of: all) == text) }
}
