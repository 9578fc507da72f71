import FoundationEssentials
import HealthManager

/// Health sets, what administrators have decided, and how the journal fares.
struct HealthMetrics {
    let facts: AgentFacts

    func write(to text: inout MetricText, format: MetricText.Format) {
        if !facts.healthSets.isEmpty {
            let name = "health_set_state"
            text.header(
                name, type: "gauge", help: "Worst of its monitors: 0 Healthy, 1 Degraded, 2 Unhealthy, 3 Repairing, 4 Disabled, 5 Unknown.",
                format: format)
            for (key, tally) in facts.healthSets {
                text.sample(name, [("health_set", key.healthSet), ("server", key.server)], Double(tally.worst.rawValue))
            }
        }
        gauge(&text, format, "health_agent_overrides_active", "Overrides in force.", Double(facts.overrides))
        if !facts.maintenance.isEmpty {
            let name = "health_component_inactive"
            text.header(name, type: "gauge", help: "1 for each component a requester holds inactive: nothing of it alerts.", format: format)
            for entry in facts.maintenance {
                text.sample(name, [("server", entry.server), ("component", entry.component), ("requester", entry.requester)], 1)
            }
        }
        journal(&text, format)
    }

    private func journal(_ text: inout MetricText, _ format: MetricText.Format) {
        let journal = facts.journal
        gauge(
            &text, format, "health_agent_history_writable", "0 while history can't be written; probing and alerts go on.",
            journal.problem == nil ? 1 : 0)
        gauge(&text, format, "health_agent_history_size_bytes", "Size of the database.", Double(journal.bytes))
        text.header(
            "health_agent_history_dropped_total", type: "counter", help: "Results that could not be kept.", format: format)
        text.sample("health_agent_history_dropped_total", [], Double(journal.dropped))
    }

    private func gauge(_ text: inout MetricText, _ format: MetricText.Format, _ name: String, _ help: String, _ value: Double) {
        text.header(name, type: "gauge", help: help, format: format)
        text.sample(name, [], value)
    }
}
