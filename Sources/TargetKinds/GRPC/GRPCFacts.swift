package import Probing

/// A check with the standard gRPC health checking protocol.
package struct GRPCFacts: Sendable, Hashable {
    /// The label `phase`, in order.
    package enum Phase: String, Sendable, Hashable, CaseIterable {
        case resolve, check
    }

    /// The serving status, as the protocol spells it.
    package enum Serving: String, Sendable, Hashable, CaseIterable {
        case unknown = "UNKNOWN"
        case serving = "SERVING"
        case notServing = "NOT_SERVING"
        case serviceUnknown = "SERVICE_UNKNOWN"
    }

    /// `check` is everything after name resolution, also if it failed.
    package var phases: [Phase: Duration] = [:]
    /// Whether the response or the failure happened over TLS.
    package var isTLS = false
    /// The gRPC status code (0 is OK); without a response, the code gRPC clients report: 14 (UNAVAILABLE) or 4 (DEADLINE_EXCEEDED). nil if
    /// no request was sent because the name did not resolve.
    package var status: Int?
    /// The serving status the service reported; nil if it reported none.
    package var serving: Serving?

    package init() {}
}

extension GRPCFacts: RunFacts {
    static let durations = MetricDefinition("probe_grpc_duration_seconds", "Duration of the gRPC health check by phase.")
    static let tls = MetricDefinition("probe_grpc_ssl", "1 if the connection used TLS.")
    static let statusCode = MetricDefinition("probe_grpc_status_code", "gRPC status code of the response; 0 is OK.")
    static let response = MetricDefinition("probe_grpc_healthcheck_response", "Serving status reported by the service.")

    static let metrics = [durations, tls, statusCode, response]

    package var measurements: [Measurement] {
        Self.durations(phases) + [Self.tls(isTLS), Self.statusCode(status ?? 0)]
            + Serving.allCases.map { Self.response(serving == $0 ? 1 : 0, [("serving_status", $0.rawValue)]) }
    }
}
