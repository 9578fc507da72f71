import FoundationEssentials
import Monitoring

/// Metrics of responder attempts and of alert delivery to Alertmanager.
struct ResponseMetrics {
    let facts: ResponseFacts

    func write(to text: inout MetricText, format: MetricText.Format) {
        let counts = facts.responders.counts.sorted { $0.key < $1.key }
        if !counts.isEmpty {
            let name = "health_responder_attempts_total"
            text.header(name, type: "counter", help: "Number of responder attempts by outcome.", format: format)
            for (key, count) in counts {
                text.sample(name, [("responder", key.responder), ("outcome", key.outcome.rawValue)], Double(count))
            }
        }
        if let leadership = facts.responders.leadership {
            func gauge(_ name: String, _ help: String, _ isTrue: Bool) {
                text.header(name, type: "gauge", help: help, format: format)
                text.sample(name, [], isTrue ? 1 : 0)
            }
            gauge(
                "health_agent_leader", "1 if this agent holds the responder lock and runs webhooks and commands, 0 if it stands by.",
                leadership.isLeader)
            gauge(
                "health_agent_responder_lock_usable",
                "1 if the responder lock is held by this agent or by another one, 0 if it cannot be used.",
                leadership.problem == nil)
        }
        let ledgers = facts.alertmanagers.sorted { $0.key < $1.key }
        guard !ledgers.isEmpty else { return }
        func family(_ name: String, _ type: String, _ help: String, _ value: (AlertLedger) -> Double?) {
            text.header(name, type: type, help: help, format: format)
            for (url, ledger) in ledgers { if let value = value(ledger) { text.sample(name, [("alertmanager", url)], value) } }
        }
        family("health_alertmanager_reachable", "gauge", "1 if alerts can be delivered to the Alertmanager, 0 if not.") {
            $0.problem == nil ? 1 : 0
        }
        family("health_alertmanager_last_success_timestamp_seconds", "gauge", "Time of the last successful delivery to the Alertmanager.") {
            $0.lastSuccess?.timeIntervalSince1970
        }
        family("health_alertmanager_alerts_sent_total", "counter", "Number of alerts delivered to the Alertmanager, including repeats.") {
            Double($0.alertsSent)
        }
        family("health_alertmanager_failures_total", "counter", "Number of failed deliveries to the Alertmanager.") { Double($0.failures) }
    }
}
