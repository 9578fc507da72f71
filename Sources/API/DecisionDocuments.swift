package import FoundationEssentials
package import Monitoring
import Probing

/// An override in force, as listed by the API.
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

    /// The overrides in force, sorted by identity and property.
    package static func all(in snapshot: Snapshot) -> [OverrideDocument] {
        snapshot.overrides.sorted { ($0.identity, $0.property) < ($1.identity, $1.property) }.map { OverrideDocument($0) }
    }

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

    /// For display in one line.
    package var line: String { "\(identity): \(property) is \(value)\(server.map { " on \($0)" } ?? "") until \(end)" }
}

/// A maintenance, in force or scheduled, as listed by the API.
package struct MaintenanceDocument: Codable, Sendable {
    package var server: String
    package var component: String
    package var requester: String
    /// `Inactive` while the maintenance is in force, otherwise `Active`.
    package var state: String
    package var since: Date?
    package var nextChange: Date?
    /// For display: `from ... until ...`, `weekly, ...`.
    package var window: String
    package var by: String
    package var at: Date
    package var comment: String

    /// The maintenance in force and scheduled, sorted by server and component.
    package static func all(in snapshot: Snapshot) -> [MaintenanceDocument] {
        snapshot.maintenance
            .sorted { ($0.server, $0.component, $0.requester) < ($1.server, $1.component, $1.requester) }
            .map { MaintenanceDocument($0, at: snapshot.taken) }
    }

    /// - Parameter date: the date at which `state` and `nextChange` are determined.
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
