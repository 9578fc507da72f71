package import FoundationEssentials
package import Monitoring
import Probing

/// The response of `agent health` and the API: health sets and their monitors, worst first.
package struct HealthReport: Codable, Sendable {
    package var healthSets: [HealthSetDocument]
    package var monitors: [MonitorDocument]

    package init(_ snapshot: Snapshot) {
        monitors = snapshot.probes.flatMap { probe in
            let inactiveSince = snapshot.inactive(probe.key.identity.healthSet, server: probe.key.server)
            return probe.monitors.map { MonitorDocument($0, latest: probe.latest, inactiveSince: inactiveSince) }
        }
        .sorted {
            ($0.rank, $0.monitorIdentity, $0.server, $0.address ?? "") < ($1.rank, $1.monitorIdentity, $1.server, $1.address ?? "")
        }
        healthSets = Dictionary(grouping: monitors) { HealthSetKey(healthSet: $0.healthSet, server: $0.server) }
            .map { HealthSetDocument(server: $0.server, healthSet: $0.healthSet, $1) }
            .sorted { ($0.rank, $0.healthSet, $0.server) < ($1.rank, $1.healthSet, $1.server) }
    }

    /// One entry per health set, over all its servers, worst first.
    package var rolledUp: [HealthSetDocument] {
        Dictionary(grouping: healthSets, by: \.healthSet).map { name, sets in HealthSetDocument(rollingUp: sets, name) }
            .sorted { ($0.rank, $0.healthSet) < ($1.rank, $1.healthSet) }
    }
}

/// A health set on one server or over all servers, with the columns of `Get-HealthReport`.
package struct HealthSetDocument: Codable, Sendable {
    /// The component's state, with the names Exchange's report uses.
    package enum State: String, Codable, Sendable {
        case online = "Online"
        /// Active on some servers, inactive on others.
        case partiallyOnline = "Partially Online"
        /// Inactive: in maintenance.
        case offline = "Offline"
        /// Not monitored: its monitors are disabled.
        case sidelined = "Sidelined"
        /// Organization-wide or of targets, so server maintenance does not apply to it.
        case functional = "Functional"
        /// No run could judge yet.
        case unavailable = "Unavailable"
    }

    /// Empty for organization-wide and target probes, and for a report over all servers.
    package var server: String
    package var state: State
    package var healthSet: String
    package var alertValue: String
    package var lastTransitionTime: Date
    package var monitorCount: Int

    fileprivate var rank: Int { HealthState.allCases.first { $0.name == alertValue }?.rank ?? 0 }

    fileprivate init(server: String, healthSet: String, _ monitors: [MonitorDocument]) {
        self.server = server
        self.healthSet = healthSet
        let worst = HealthState.worst(monitors.compactMap(\.healthState)) ?? .unknown
        alertValue = worst.name
        lastTransitionTime = monitors.map(\.since).max() ?? .distantPast
        monitorCount = monitors.count
        state =
            monitors.allSatisfy { $0.inactiveSince != nil }
            ? .offline
            : worst == .disabled ? .sidelined : worst == .unknown ? .unavailable : server.isEmpty ? .functional : .online
    }

    fileprivate init(rollingUp sets: [HealthSetDocument], _ name: String) {
        server = ""
        healthSet = name
        let worst = sets.min { $0.rank < $1.rank }
        alertValue = worst?.alertValue ?? HealthState.unknown.name
        lastTransitionTime = sets.map(\.lastTransitionTime).max() ?? .distantPast
        monitorCount = sets.reduce(0) { $0 + $1.monitorCount }
        let states = Set(sets.map(\.state))
        state =
            states.count == 1
            ? states.first ?? .unavailable : states.isDisjoint(with: [.offline, .sidelined, .unavailable]) ? .online : .partiallyOnline
    }
}

/// A problem that a monitor does not count as one.
package struct PendingDocument: Codable, Sendable {
    /// `failing`, `warning`, `beyond the limit` for a sample value, or `cannot judge` if the last run could not.
    package var problem: String
    /// How many runs count towards the rule; 0 if none does.
    package var runs: Int
    /// How many it takes; nil for a rule that takes a share of the runs.
    package var needed: Int?
    /// When the first of these runs ended; of the last run for `cannot judge`.
    package var since: Date

    fileprivate init(cannotJudge result: ProbeResult) {
        (problem, runs, since) = ("cannot judge", 0, result.end)
    }

    init(_ progress: RuleProgress, of rule: MonitorRule, since: Date) {
        self.since = since
        switch rule {
        case .consecutiveWarnings: problem = "warning"
        case .sampleValue: problem = "beyond the limit"
        case .consecutiveFailures, .failures, .successPercentage, .certificateLifetime: problem = "failing"
        }
        runs = progress.runs
        needed = progress.needed
    }
}

/// A monitor of one probe, with the columns of `Get-ServerHealth`, and the reason for its state.
package struct MonitorDocument: Codable, Sendable {
    package var server: String
    package var target: String?
    package var address: String?
    /// `HealthSet\Monitor[\Target]`
    package var monitorIdentity: String
    package var healthSet: String
    package var monitor: String
    package var probe: String
    package var severity: String
    package var rule: String
    package var alertValue: String
    package var since: Date
    package var flapping: Bool
    package var inactiveSince: Date?
    /// A problem that the monitor does not count as one, or not yet; nil if there is none, and in an episode.
    package var pending: PendingDocument?
    package var episodeBegan: Date?
    package var escalated: Date?
    package var acknowledgedBy: String?
    package var acknowledgedComment: String?
    package var reason: String?
    package var sentence: String?
    package var remedy: String?
    package var cause: String?

    var healthState: HealthState? { HealthState.allCases.first { $0.name == alertValue } }
    fileprivate var rank: Int { healthState?.rank ?? 0 }

    init(_ status: MonitorStatus, latest: ProbeResult?, inactiveSince: Date?) {
        let key = status.key
        server = key.probe.server
        target = key.probe.identity.target
        address = key.probe.address.isEmpty ? nil : key.probe.address
        monitorIdentity = key.identity.description
        healthSet = key.probe.identity.healthSet
        monitor = key.name
        probe = key.probe.identity.name
        severity = status.definition.severity.rawValue
        rule = status.definition.rule.description
        alertValue = status.state.name
        since = status.since
        flapping = status.isFlapping
        self.inactiveSince = inactiveSince
        guard let episode = status.episode else {
            guard let latest, status.state != .disabled else { return }
            if let progress = status.progress, let since = status.pendingSince {
                pending = PendingDocument(progress, of: status.definition.rule, since: since)
            } else if MonitorSample(latest, at: .zero) == nil {
                pending = PendingDocument(cannotJudge: latest)
            }
            guard pending != nil else { return }
            reason = latest.decisive?.reason.rawValue
            sentence = latest.decisive?.sentence
            remedy = latest.decisive?.remedy(for: key.probe)
            return
        }
        episodeBegan = episode.began
        escalated = episode.escalated
        acknowledgedBy = episode.acknowledged?.by
        acknowledgedComment = episode.acknowledged.flatMap { $0.comment.isEmpty ? nil : $0.comment }
        reason = episode.reason?.rawValue
        sentence = episode.sentence
        remedy = episode.remedy
        cause = episode.cause?.description
    }
}
