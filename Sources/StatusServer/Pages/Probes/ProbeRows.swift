import FoundationEssentials
import Monitoring
import Probing

/// One probe in the list of the page, as `row.html` shows it.
struct ProbeRow: Sendable {
    let state: String
    let result: String
    let href: String
    let name: String
    let `where`: String
    let tag: String?
    let rowReason: String?
    let rowSentence: String?
    let strip: String
    let uptime: [Share]
    let spark: String?
    let took: String
    let value: String?
    let last: PageTime?
    let next: PageTime?

    /// `99.95 %` of the runs within `24 h`.
    struct Share: Sendable {
        let within: String
        let share: String
    }

    init(_ probe: ProbeState, _ standing: Standing, tag: String?, history: RunHistory, at now: Date) {
        let latest = probe.latest
        state = standing.rawValue
        result = latest == nil ? "not run yet" : latest?.isWarning == true ? "Warning" : latest?.type.name ?? ""
        href = ProbeWords.path(probe.key)
        name = ProbeWords.name(probe.key.identity)
        self.where = ProbeWords.place(probe.key) ?? ""
        self.tag = tag
        rowReason = latest?.decisive?.reason.rawValue
        rowSentence = latest?.decisive?.sentence
        let runs = history.runs(of: probe.key)
        strip = RunStrip.svg(runs)
        uptime = Self.uptime(history.shares(of: probe.key))
        spark = RunStrip.spark(runs)
        took = latest.map { Self.milliseconds($0.duration) } ?? ""
        value = latest?.outcome.sampleValue.map { "value \(Self.number($0))" }
        last = latest.map { PageTime($0.end, at: now) }
        next = probe.nextRun.map { PageTime(planned: $0, at: now) }
    }

    /// A longer window that has no more runs than a shorter one says nothing new.
    static func uptime(_ shares: UptimeShares?) -> [Share] {
        var known = 0
        return zip(["24 h", "7 d", "30 d"], shares?.counts ?? []).compactMap { within, count in
            guard count.judged > known else { return nil }
            known = count.judged
            return Share(within: within, share: percentage(count.succeeded, of: count.judged))
        }
    }

    /// Never rounded up to 100 %.
    static func percentage(_ part: Int, of all: Int) -> String {
        let hundredths = part * 10_000 / max(all, 1)
        let rest = hundredths % 100
        return "\(hundredths / 100)" + (rest == 0 ? "" : "." + (rest < 10 ? "0" : "") + "\(rest)") + " %"
    }

    /// With at most one digit after the point.
    static func number(_ value: Double) -> String {
        let rounded = (value * 10).rounded() / 10
        return rounded == rounded.rounded() && abs(rounded) < 1e15 ? "\(Int(rounded))" : "\(rounded)"
    }

    /// `0.4 ms`, `38 ms`, `1.2 s`
    static func milliseconds(_ duration: Duration) -> String {
        let milliseconds = duration.seconds * 1000
        if milliseconds < 10 { return "\(number(milliseconds)) ms" }
        return milliseconds < 1000 ? "\(Int(milliseconds.rounded())) ms" : "\(number(duration.seconds)) s"
    }
}

/// The list of probes of a page: filtered, the worst first, and no more than asked for.
struct ProbeRows: Sendable {
    let rows: [ProbeRow]
    /// How many match.
    let found: Int
    /// Of all probes, whether they match or not.
    let counts: [Standing: Int]

    init(_ snapshot: Snapshot, _ query: PageQuery, history: RunHistory) {
        let standings = snapshot.probes.map { (probe: $0, standing: Standing($0.latest)) }
        counts = Dictionary(grouping: standings, by: \.standing).mapValues(\.count)
        let matching = standings.filter { query.matches($0.probe, $0.standing) }
        found = matching.count
        // The probes are sorted by key, and the sort is stable.
        rows = matching.sorted { $0.standing < $1.standing }.prefix(query.rows).map { probe, standing in
            ProbeRow(probe, standing, tag: Self.tag(probe, snapshot), history: history, at: snapshot.taken)
        }
    }

    private static func tag(_ probe: ProbeState, _ snapshot: Snapshot) -> String? {
        if snapshot.inactive(probe.key.identity.healthSet, server: probe.key.server) != nil { return "in maintenance" }
        if let by = probe.monitors.lazy.compactMap({ $0.episode?.acknowledged?.by }).first { return "acknowledged by \(by)" }
        if probe.monitors.contains(where: \.isFlapping) { return "flapping" }
        return probe.monitors.contains { $0.state == .degraded } ? "degraded" : nil
    }
}
