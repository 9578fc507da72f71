import FoundationEssentials
import Monitoring
import Probing

/// The alerts that one Alertmanager last accepted as firing. A pure value.
///
/// The manager lists resolved alerts for a limited time only, and an alert whose labels change is a different alert. Alerts that are no
/// longer listed but still firing in Alertmanager are therefore resolved from here.
struct SentAlerts: Sendable {
    private struct SentAlert {
        var alert: Alert
        /// When it ended, or was first missing from the list; nil while it is listed as firing.
        var ended: Date?
    }

    /// Labels whose values differ only in how a character is encoded belong to different alerts.
    private typealias Labels = [String: ExactText]

    private var sent: [Labels: SentAlert] = [:]

    /// - Returns: the alerts to send: those listed, and a resolved copy of each accepted one that is no longer listed.
    mutating func due(_ listed: [Alert], at now: Date) -> [Alert] {
        let current = Dictionary(listed.map { (Self.labels($0), $0) }) { first, _ in first }
        var due = listed
        for (labels, record) in sent {
            guard let alert = current[labels] else {
                let ended = record.ended ?? now
                sent[labels]?.ended = ended
                var over = record.alert
                over.endsAt = ended
                due.append(over)
                continue
            }
            sent[labels]?.ended = alert.endsAt
        }
        return due
    }

    /// Records that Alertmanager accepted these alerts.
    mutating func accepted(_ alerts: [Alert]) {
        for alert in alerts { sent[Self.labels(alert)] = alert.endsAt == nil ? SentAlert(alert: alert) : nil }
    }

    private static func labels(_ alert: Alert) -> Labels { alert.labels.mapValues(ExactText.init) }
}
