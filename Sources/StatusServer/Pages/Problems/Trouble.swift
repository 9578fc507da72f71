import Certificates
import FoundationEssentials
import Monitoring
import Probing

/// One thing wrong with one probe: an open episode of a monitor, or a result that no monitor counts (yet).
struct Trouble: Sendable {
    let key: ProbeKey
    let standing: Standing
    /// How bad it is whether or not somebody has acknowledged it.
    let severity: Standing
    let reason: Reason?
    let stage: Stage?
    let sentence: String
    let since: Date
    let thumbprint: String?
    let cause: ProbeIdentity?
    /// The monitor whose episode it is; nil if it is of none.
    let monitor: MonitorKey?
    let acknowledged: Episode.Acknowledgement?
    /// Why it does not alert, or not yet; nil for an open episode.
    let note: String?

    /// All that is wrong according to a snapshot, in the order of its probes.
    /// - Parameter history: knows since when it has been so; without, what no monitor counts is as old as the last run.
    static func all(in snapshot: Snapshot, history: RunHistory? = nil) -> [Trouble] {
        snapshot.probes.flatMap { probe -> [Trouble] in
            let isInactive = snapshot.inactive(probe.key.identity.healthSet, server: probe.key.server) != nil
            return all(in: probe, isInactive: isInactive, began: history?.troubled(probe.key))
        }
    }

    /// - Parameter began: when its latest result became what it is; nil if that is not known.
    static func all(in probe: ProbeState, isInactive: Bool = false, began: Date? = nil) -> [Trouble] {
        let open = probe.monitors.compactMap { Trouble($0, isInactive: isInactive) }
        return open.isEmpty ? [Trouble(probe, isInactive: isInactive, began: began)].compactMap(\.self) : open
    }

    private init?(_ status: MonitorStatus, isInactive: Bool) {
        guard let episode = status.episode else { return nil }
        key = status.key.probe
        severity = episode.severity == .critical ? .failing : .warning
        standing = isInactive ? .maintenance : episode.acknowledged != nil ? .acknowledged : severity
        (reason, stage, sentence, cause) = (episode.reason, episode.stage, episode.sentence, episode.cause)
        since = episode.began
        thumbprint = episode.thumbprint
        monitor = status.key
        acknowledged = episode.acknowledged
        note = status.isFlapping ? "flapping: it comes and goes" : nil
    }

    private init?(_ probe: ProbeState, isInactive: Bool, began: Date?) {
        guard let latest = probe.latest, let finding = latest.decisive else { return nil }
        let watching = probe.monitors.filter { $0.state != .disabled }
        key = probe.key
        severity = Standing(latest)
        standing = isInactive ? .maintenance : severity
        (reason, stage, sentence, cause) = (finding.reason, finding.stage, finding.sentence, finding.cause)
        since = watching.compactMap(\.pendingSince).min() ?? began.map { min($0, latest.end) } ?? latest.end
        thumbprint = finding.certificate?.description
        monitor = nil
        acknowledged = nil
        let pending = watching.compactMap { status in
            status.progress.map { "not alerting yet: \($0.runs)\($0.needed.map { " of \($0)" } ?? "") runs count" }
        }
        note =
            pending.first
            ?? (probe.monitors.isEmpty
                ? "not alerting: no monitor is defined" : watching.isEmpty ? "not alerting: its monitors are disabled" : nil)
    }

    /// The server or the target, as a person names it; the organization for neither.
    var place: String { ProbeWords.place(key) ?? "the organization" }
}

/// What the pages call a probe.
enum ProbeWords {
    /// The server, or the target with its address; nil for a probe of the organization.
    static func place(_ key: ProbeKey) -> String? {
        if !key.server.isEmpty { return key.server }
        return key.identity.target.map { key.address.isEmpty ? $0 : "\($0) (\(key.address))" }
    }

    /// `HealthSet\Name`
    static func name(_ identity: ProbeIdentity) -> String { "\(identity.healthSet)\\\(identity.name)" }

    /// `certificate expired`
    static func words(_ reason: Reason) -> String { reason.rawValue.replacing("_", with: " ") }

    /// A sentence with a capital at its beginning, unless that is a name or a path.
    static func sentence(_ text: String) -> String {
        let word = text.prefix { $0 != " " }
        guard let first = word.first, word.allSatisfy({ $0.isLetter && $0.isASCII && $0.isLowercase }) else { return text }
        return first.uppercased() + text.dropFirst()
    }

    /// The relative path of its page, from the status page.
    static func path(_ key: ProbeKey) -> String {
        let parts = ["probes", PercentEncoding.encode(key.identity.healthSet), PercentEncoding.encode(key.identity.name)]
        let query = [("server", key.server), ("target", key.identity.target ?? ""), ("address", key.address)]
            .filter { !$0.1.isEmpty }.map { "\($0.0)=\(PercentEncoding.encode($0.1))" }
        return parts.joined(separator: "/") + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }

    /// `3 servers: mbx01, mbx02, mbx03`, at most as many as the limit by name; nil if there are none.
    static func list(_ places: [String], _ one: String, _ several: String, limit: Int = 8) -> String? {
        guard let first = places.first else { return nil }
        if places.count == 1 { return first }
        let more = places.count > limit ? " and \(places.count - limit) more" : ""
        return "\(places.count) \(several): " + places.prefix(limit).joined(separator: ", ") + more
    }
}
