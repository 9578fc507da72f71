import FoundationEssentials
import HealthManager

/// What one Alertmanager believes: the alerts it took last as firing. A pure value.
///
/// The manager tells of resolved alerts for a time only, and an alert whose labels change is another one: what has gone from its list and
/// still fires over there is resolved from here.
struct AlertMemory: Sendable {
    private struct Belief {
        var alert: Alert
        /// When it ended, or was first missed; nil while it is listed as firing.
        var ended: Date?
    }

    private var beliefs: [[String: String]: Belief] = [:]

    /// - Returns: what is to be sent: those listed, and an end for each that is believed to fire and listed no more.
    mutating func due(_ listed: [Alert], at now: Date) -> [Alert] {
        let current = Dictionary(listed.map { ($0.labels, $0) }) { first, _ in first }
        var due = listed
        for (labels, belief) in beliefs {
            guard let alert = current[labels] else {
                let ended = belief.ended ?? now
                beliefs[labels]?.ended = ended
                var over = belief.alert
                over.endsAt = ended
                due.append(over)
                continue
            }
            beliefs[labels]?.ended = alert.endsAt
        }
        return due
    }

    /// Those were taken.
    mutating func accepted(_ alerts: [Alert]) {
        for alert in alerts { beliefs[alert.labels] = alert.endsAt == nil ? Belief(alert: alert) : nil }
    }
}
