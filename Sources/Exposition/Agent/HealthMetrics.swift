import Monitoring
import Probing

/// Metrics of health sets, overrides, maintenance and the journal.
struct HealthMetrics {
    let facts: AgentFacts

    func write(to text: inout MetricText, format: MetricText.Format) {
        if !facts.healthSets.isEmpty {
            let name = "health_set_state"
            text.header(
                name, type: "gauge",
                help: "Worst state of its monitors: 0 Healthy, 1 Degraded, 2 Unhealthy, 3 Repairing, 4 Disabled, 5 Unknown.",
                format: format)
            for (key, tally) in facts.healthSets {
                text.sample(name, [("health_set", key.healthSet), ("server", key.server)], Double(tally.worst.rawValue))
            }
            let states = "health_set_in_state"
            text.header(states, type: "gauge", help: "1 for the state that a health set is in, 0 for every other.", format: format)
            for (key, tally) in facts.healthSets {
                for state in HealthState.allCases {
                    text.sample(
                        states, [("health_set", key.healthSet), ("server", key.server), ("state", state.name.lowercased())],
                        tally.worst == state ? 1 : 0)
                }
            }
        }
        gauge(&text, format, "health_agent_overrides_active", "Number of active overrides.", Double(facts.overrides))
        if !facts.maintenance.isEmpty {
            let name = "health_component_inactive"
            text.header(
                name, type: "gauge", help: "1 for each component set inactive by a requester; its alerts are suppressed.", format: format)
            for entry in facts.maintenance {
                text.sample(name, [("server", entry.server), ("component", entry.component), ("requester", entry.requester)], 1)
            }
        }
        if !facts.inactiveSets.isEmpty {
            let name = "health_set_inactive"
            text.header(
                name, type: "gauge", help: "1 for each health set that is in maintenance, on its server or by the whole server.",
                format: format)
            for key in facts.inactiveSets { text.sample(name, [("health_set", key.healthSet), ("server", key.server)], 1) }
        }
        if !facts.acknowledged.isEmpty {
            let name = "health_monitor_acknowledged"
            text.header(
                name, type: "gauge", help: "1 for each monitor whose current problem somebody has acknowledged.", format: format)
            for episode in facts.acknowledged {
                text.sample(name, Self.labels(episode.key) + [("by", episode.acknowledged?.by ?? "")], 1)
            }
        }
        if !facts.flapping.isEmpty {
            let name = "health_monitor_flapping"
            text.header(
                name, type: "gauge",
                help: "How often the problem of each flapping monitor began within the period of its flap detection, by default an hour.",
                format: format)
            for status in facts.flapping {
                let within = DurationText.format(status.definition.flapping.within)
                text.sample(name, Self.labels(status.key) + [("within", within)], Double(status.recurrences ?? 0))
            }
        }
        journal(&text, format)
    }

    private static func labels(_ key: MonitorKey) -> [(String, String)] {
        let identity = key.probe.identity
        return [
            ("health_set", identity.healthSet), ("probe", identity.name), ("monitor", key.name), ("server", key.probe.server),
            ("target", identity.target ?? ""), ("address", key.probe.address),
        ]
    }

    private func journal(_ text: inout MetricText, _ format: MetricText.Format) {
        let journal = facts.journal
        gauge(
            &text, format, "health_agent_history_writable", "1 if the history can be written, 0 if not; probes and alerts are unaffected.",
            journal.problem == nil ? 1 : 0)
        gauge(&text, format, "health_agent_history_size_bytes", "Size of the history database.", Double(journal.bytes))
        text.header(
            "health_agent_history_dropped_total", type: "counter", help: "Number of results that could not be stored.", format: format)
        text.sample("health_agent_history_dropped_total", [], Double(journal.dropped))
    }

    private func gauge(_ text: inout MetricText, _ format: MetricText.Format, _ name: String, _ help: String, _ value: Double) {
        text.header(name, type: "gauge", help: help, format: format)
        text.sample(name, [], value)
    }
}
