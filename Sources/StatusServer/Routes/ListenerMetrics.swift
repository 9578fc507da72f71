import Exposition
import Serving

/// Metrics of the network listener.
struct ListenerMetrics {
    let facts: Connections.Facts
    /// Nil without a web configuration.
    let web: WebConfiguration.Facts?
    /// Those of `health_agent_info`; without any value, it is not written.
    let labels: [(name: String, value: String?)]

    func write(to text: inout MetricText, format: MetricText.Format) {
        func gauge(_ name: String, _ help: String, _ value: Int) {
            text.header(name, type: "gauge", help: help, format: format)
            text.sample(name, [], Double(value))
        }
        let known = labels.compactMap { label in label.value.map { (label.name, $0) } }
        if !known.isEmpty {
            let name = "health_agent_info"
            text.header(
                name, type: "gauge",
                help: "The URL by which people reach the agent, for links in alerts, and where it probes from; the value is always 1.",
                format: format)
            text.sample(name, known, 1)
        }
        gauge("health_agent_connections", "Number of open connections on the network listener.", facts.open)
        gauge("health_agent_connections_limit", "Maximum number of open connections on the network listener.", facts.limit)
        if let web {
            gauge(
                "health_agent_web_config_usable", "1 if the web configuration could be used when it was last read, 0 if not.",
                web.isLastReadUsable ? 1 : 0)
        }
        let closed = "health_agent_connections_closed_total"
        text.header(
            closed, type: "counter",
            help:
                "Number of connections closed by the agent: timed out, displaced by a new connection while idle, or refused at the limit.",
            format: format)
        for (reason, count) in [("timeout", facts.timedOut), ("displaced", facts.displaced), ("refused", facts.refused)] {
            text.sample(closed, [("reason", reason)], Double(count))
        }
        let exhausted = "health_agent_accept_failures_total"
        text.header(
            exhausted, type: "counter",
            help: "Number of times a connection could not be accepted for lack of file descriptors or memory.", format: format)
        text.sample(exhausted, [], Double(facts.exhausted))
    }
}
