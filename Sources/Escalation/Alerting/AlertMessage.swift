import FoundationEssentials
import HealthManager

/// An alert as Alertmanager's API v2 takes it.
struct AlertMessage: Encodable {
    var labels: [String: String]
    var annotations: [String: String]
    var startsAt: Date
    var endsAt: Date
    var generatorURL: String?

    /// - Parameter lifetime: how long one that fires is good for: it ends by itself if nobody sends it again.
    init(_ alert: Alert, at now: Date, lifetime: Duration, generatorURL: String?) {
        labels = alert.labels
        annotations = alert.annotations
        startsAt = alert.startsAt
        // One that ends before it begins, by a clock set back, would be refused.
        endsAt = max(alert.startsAt, alert.endsAt ?? now.addingTimeInterval(lifetime.seconds))
        self.generatorURL = generatorURL
    }
}
