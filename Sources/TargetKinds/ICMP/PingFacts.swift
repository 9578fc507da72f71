package import Probing

/// An ICMP probe's reply.
package struct PingFacts: Sendable, Hashable {
    /// The label `phase`, in order.
    package enum Phase: String, Sendable, Hashable, CaseIterable {
        case resolve, setup, rtt
    }

    /// Of the completed phases.
    package var phases: [Phase: Duration] = [:]
    /// TTL or hop limit of the reply; nil if the system does not report it.
    package var replyHopLimit: Int?

    package init() {}
}

extension PingFacts: RunFacts {
    static let durations = MetricDefinition("probe_icmp_duration_seconds", "Duration of the ICMP echo by phase.")
    static let hopLimit = MetricDefinition("probe_icmp_reply_hop_limit", "Hop limit of the reply (TTL in IPv4).")

    static let metrics = [durations, hopLimit]

    package var measurements: [Measurement] {
        Self.durations(phases) + (replyHopLimit.map { [Self.hopLimit($0)] } ?? [])
    }
}
