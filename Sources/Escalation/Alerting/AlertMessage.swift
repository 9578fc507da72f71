import FoundationEssentials
import Monitoring
import Probing

/// An alert in the format of Alertmanager's API v2.
struct AlertMessage: Encodable {
    var labels: [String: String]
    var annotations: [String: String]
    var startsAt: Date
    var endsAt: Date
    var generatorURL: String?

    /// - Parameter lifetime: the time after which a firing alert resolves by itself unless it is sent again.
    init(_ alert: Alert, at now: Date, lifetime: Duration, generatorURL: String?) {
        labels = alert.labels
        annotations = alert.annotations
        startsAt = alert.startsAt
        // Alertmanager rejects an alert that ends before it starts, as after a clock was set back.
        endsAt = max(alert.startsAt, alert.endsAt ?? now.addingTimeInterval(lifetime.seconds))
        self.generatorURL = generatorURL
    }
}
