import FoundationEssentials
import HealthManager

/// What came of responders and alerts.
struct ResponseMetrics {
    let facts: ResponseFacts

    func write(to text: inout MetricText, format: MetricText.Format) {
        let counts = facts.responders.counts.sorted { $0.key < $1.key }
        if !counts.isEmpty {
            let name = "health_responder_attempts_total"
            text.header(name, type: "counter", help: "Attempts of responders by outcome; the throttle refuses.", format: format)
            for (key, count) in counts {
                text.sample(name, [("responder", key.responder), ("outcome", key.outcome.rawValue)], Double(count))
            }
        }
        let ledgers = facts.alertmanagers.sorted { $0.key < $1.key }
        guard !ledgers.isEmpty else { return }
        func family(_ name: String, _ type: String, _ help: String, _ value: (AlertLedger) -> Double?) {
            text.header(name, type: type, help: help, format: format)
            for (url, ledger) in ledgers { if let value = value(ledger) { text.sample(name, [("alertmanager", url)], value) } }
        }
        family("health_alertmanager_reachable", "gauge", "0 while an Alertmanager takes no alerts.") { $0.problem == nil ? 1 : 0 }
        family("health_alertmanager_last_success_timestamp_seconds", "gauge", "When an Alertmanager last took what it was told.") {
            $0.lastSuccess?.timeIntervalSince1970
        }
        family("health_alertmanager_alerts_sent_total", "counter", "Alerts an Alertmanager has taken, repetitions too.") {
            Double($0.alertsSent)
        }
        family("health_alertmanager_failures_total", "counter", "Times an Alertmanager could not be told.") { Double($0.failures) }
    }
}
