import Serving

/// The connections of callers on the network, and what was done to keep the listener answering.
struct ConnectionMetrics {
    let facts: Connections.Facts

    func write(to text: inout MetricText, format: MetricText.Format) {
        func gauge(_ name: String, _ help: String, _ value: Int) {
            text.header(name, type: "gauge", help: help, format: format)
            text.sample(name, [], Double(value))
        }
        gauge("health_agent_connections", "Connections open on the network listener.", facts.open)
        gauge("health_agent_connections_limit", "Connections that may be open on the network listener.", facts.limit)
        let closed = "health_agent_connections_closed_total"
        text.header(
            closed, type: "counter",
            help:
                "Connections closed by the agent: they took too long, were idle and in the way of new ones, or came while all were in use.",
            format: format)
        for (reason, count) in [("timeout", facts.timedOut), ("displaced", facts.displaced), ("refused", facts.refused)] {
            text.sample(closed, [("reason", reason)], Double(count))
        }
        let exhausted = "health_agent_accept_failures_total"
        text.header(
            exhausted, type: "counter", help: "How often no connection could be accepted for want of file descriptors or memory.",
            format: format)
        text.sample(exhausted, [], Double(facts.exhausted))
    }
}
