package import FoundationEssentials

/// What `agent health` and the API answer: health sets and their monitors, worst first.
package struct HealthReport: Codable, Sendable {
    package var healthSets: [HealthSetDocument]
    package var monitors: [MonitorDocument]

    /// - Parameter inactive: since when maintenance silences a health set on a server.
    package init(_ statuses: [MonitorStatus], inactive: (_ healthSet: String, _ server: String) -> Date?) {
        monitors = statuses.map { MonitorDocument($0, inactiveSince: inactive($0.key.probe.identity.healthSet, $0.key.probe.server)) }
            .sorted {
                ($0.rank, $0.monitorIdentity, $0.server, $0.address ?? "") < ($1.rank, $1.monitorIdentity, $1.server, $1.address ?? "")
            }
        healthSets = Dictionary(grouping: monitors) { HealthSetKey(healthSet: $0.healthSet, server: $0.server) }
            .map { HealthSetDocument(server: $0.server, healthSet: $0.healthSet, $1) }
            .sorted { ($0.rank, $0.healthSet, $0.server) < ($1.rank, $1.healthSet, $1.server) }
    }

    /// One line for each health set, over all its servers.
    package var rolledUp: [HealthSetDocument] {
        Dictionary(grouping: healthSets, by: \.healthSet).map { name, sets in HealthSetDocument(rollingUp: sets, name) }
            .sorted { ($0.rank, $0.healthSet) < ($1.rank, $1.healthSet) }
    }
}

/// A health set on one server, or over all of them, with the columns of `Get-HealthReport`.
package struct HealthSetDocument: Codable, Sendable {
    /// Whether the component serves, as Exchange's report says it.
    package enum State: String, Codable, Sendable {
        case online = "Online"
        /// Active on some servers, inactive on others.
        case partiallyOnline = "Partially Online"
        /// Inactive: taken out for maintenance.
        case offline = "Offline"
        /// Nobody judges it: its monitors are disabled.
        case sidelined = "Sidelined"
        /// Of the organization or of targets, and so never taken out with a server.
        case functional = "Functional"
        /// No run has been able to judge.
        case unavailable = "Unavailable"
    }

    /// Empty for what is the organization's, and for all servers together.
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

/// A monitor of one probe, with the columns of `Get-ServerHealth` and why it is so.
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

    init(_ status: MonitorStatus, inactiveSince: Date?) {
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
        guard let episode = status.episode else { return }
        episodeBegan = episode.began
        escalated = episode.escalated
        acknowledgedBy = episode.acknowledged?.by
        acknowledgedComment = episode.acknowledged.flatMap { $0.comment.isEmpty ? nil : $0.comment }
        reason = episode.reason?.rawValue
        sentence = episode.sentence
        remedy = episode.reason?.remedy
        cause = episode.cause?.description
    }
}

/// An override in force, as listed.
package struct OverrideDocument: Codable, Sendable {
    package var item: String
    package var identity: String
    package var property: String
    package var value: String
    package var server: String?
    package var until: Date?
    package var untilVersion: String?
    package var by: String
    package var at: Date
    package var comment: String

    package init(_ override: Override) {
        item = override.item.rawValue
        identity = override.identity
        property = override.property
        value = override.value
        server = override.server
        switch override.end {
        case .date(let date): until = date
        case .version(let version): untilVersion = version
        }
        by = override.by
        at = override.at
        comment = override.comment
    }

    package var end: Override.End { until.map { .date($0) } ?? .version(untilVersion ?? "") }

    /// In one line, for people.
    package var line: String { "\(identity): \(property) is \(value)\(server.map { " on \($0)" } ?? "") until \(end)" }
}

/// A maintenance, in force or to come, as listed.
package struct MaintenanceDocument: Codable, Sendable {
    package var server: String
    package var component: String
    package var requester: String
    /// `Inactive` while it is in force, else `Active`.
    package var state: String
    package var since: Date?
    package var nextChange: Date?
    /// In words: `from ... until ...`, `weekly, ...`.
    package var window: String
    package var by: String
    package var at: Date
    package var comment: String

    package init(_ maintenance: Maintenance, at date: Date) {
        server = maintenance.server
        component = maintenance.component
        requester = maintenance.requester
        since = maintenance.start(at: date)
        state = since == nil ? "Active" : "Inactive"
        nextChange = maintenance.nextChange(after: date)
        window = maintenance.window.description
        by = maintenance.by
        at = maintenance.at
        comment = maintenance.comment
    }
}

extension Maintenance.Window: CustomStringConvertible {
    package var description: String {
        switch self {
        case .once(let from, let until):
            return "from \(from.formatted(.iso8601))" + (until.map { " until \($0.formatted(.iso8601))" } ?? " until it is ended")
        case .weekly(let weekday, let minute, let minutes, _):
            let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
            let clock = [minute / 60, minute % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
            return "weekly, \(days[(weekday - 1) % 7]) \(clock) UTC for \(DurationText.format(.seconds(minutes * 60)))"
        }
    }
}
