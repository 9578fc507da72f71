package import Probing

/// A DNS probe's response.
package struct DNSFacts: Sendable, Hashable {
    /// The label `phase`, in order.
    package enum Phase: String, Sendable, Hashable, CaseIterable {
        case resolve, connect, request
    }

    /// Of the completed phases; connect (which includes the TLS handshake) and request also if they failed.
    package var phases: [Phase: Duration] = [:]
    package var answers = 0
    package var authorities = 0
    package var additionals = 0
    /// Whether any valid response was received, whatever its content.
    package var isAnswered = false
    /// Whether the query was for an SOA record.
    package var asksForSerial = false
    /// The zone's serial, if an SOA record was requested and returned.
    package var serial: UInt32?

    package init() {}
}

extension DNSFacts: TargetFacts {
    static let durations = MetricDefinition("probe_dns_duration_seconds", "Duration of the DNS query by phase.")
    static let answerCount = MetricDefinition("probe_dns_answer_rrs", "Number of records in the answer section of the response.")
    static let authorityCount = MetricDefinition("probe_dns_authority_rrs", "Number of records in the authority section of the response.")
    static let additionalCount = MetricDefinition(
        "probe_dns_additional_rrs", "Number of records in the additional section of the response.")
    static let succeeded = MetricDefinition(
        "probe_dns_query_succeeded", "1 if a response to the DNS query was received, whatever its content.")
    static let zoneSerial = MetricDefinition("probe_dns_serial", "Serial number of the zone.")

    static let metrics = [durations, answerCount, authorityCount, additionalCount, succeeded, zoneSerial]

    package var measurements: [Measurement] {
        let counts = [
            Self.answerCount(answers), Self.authorityCount(authorities), Self.additionalCount(additionals), Self.succeeded(isAnswered),
        ]
        return Self.durations(phases) + counts + (asksForSerial && isAnswered ? [Self.zoneSerial(Double(serial ?? 0))] : [])
    }
}
