import FoundationEssentials
import Monitoring
import Probing

/// Since when probes have had the trouble that their latest results show, whether a monitor counts it or not.
struct TroubleSpans: Sendable {
    /// An unbroken series of results that all warned, or that all failed or could not judge.
    private struct Span {
        var since: Date
        let isWarning: Bool
        /// Whether it began with the first run of this process: it may be older.
        let isFromStart: Bool

        init?(_ standing: Standing, since: Date, isFromStart: Bool) {
            guard standing != .passing, standing != .waiting else { return nil }
            (self.since, self.isFromStart) = (since, isFromStart)
            isWarning = standing == .warning
        }
    }

    private var spans: [ProbeKey: Span] = [:]
    /// What an earlier process left of probes that have not run in this one.
    private var older: [RunName: Span] = [:]

    /// When the trouble of a probe began; nil for one that has none, or is not known.
    func began(_ key: ProbeKey) -> Date? { spans[key]?.since }

    /// - Parameter isFirst: whether it is the probe's first run in this process.
    mutating func add(_ result: ProbeResult, isFirst: Bool) {
        let key = result.key
        let before = isFirst ? older.removeValue(forKey: RunName(key)) : spans[key]
        let span = Span(Standing(result), since: result.end, isFromStart: isFirst)
        if let before, before.isWarning == span?.isWarning {
            spans[key] = before
        } else {
            spans[key] = span
        }
    }

    mutating func remove(_ key: ProbeKey) { spans[key] = nil }

    /// Takes what an earlier process left.
    /// - Parameter records: the results of each probe, the newest first.
    mutating func restore(_ records: [RunName: [HistoryRecord]]) {
        older = records.compactMapValues(Self.span)
        for (key, own) in spans where own.isFromStart {
            if let before = older[RunName(key)], before.isWarning == own.isWarning { spans[key]?.since = before.since }
        }
    }

    /// The series that the newest of these records belongs to.
    private static func span(_ records: [HistoryRecord]) -> Span? {
        let all = records.lazy.map { Span(Standing($0), since: $0.at, isFromStart: false) }
        guard let newest = all.first, var span = newest else { return nil }
        for before in all.dropFirst() {
            guard let before, before.isWarning == span.isWarning else { break }
            span.since = before.since
        }
        return span
    }
}
