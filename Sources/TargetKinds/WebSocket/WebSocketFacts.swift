package import Probing

/// A WebSocket probe's connection.
package struct WebSocketFacts: Sendable, Hashable {
    /// The label `phase`, in order.
    package enum Phase: String, Sendable, Hashable, CaseIterable {
        case resolve, connect, processing, transfer
    }

    /// Of the completed phases: `connect` is TCP and TLS, `processing` the upgrade, `transfer` the messages.
    package var phases: [Phase: Duration] = [:]
    /// The HTTP status of the handshake; 0 if there was no response.
    package var status = 0
    package var isUpgraded = false
    /// Whether the message exchange failed, because of an unexpected or a missing message.
    package var failedByPattern = false

    package init() {}
}

extension WebSocketFacts: RunFacts {
    static let durations = MetricDefinition("probe_websocket_duration_seconds", "Duration of the WebSocket probe by phase.")
    static let statusCode = MetricDefinition(
        "probe_websocket_status_code", "HTTP status code of the handshake; 0 if there was no response.")
    static let upgraded = MetricDefinition("probe_websocket_connection_upgraded", "1 if the server accepted the WebSocket handshake.")
    static let regexFailed = MetricDefinition(
        "probe_websocket_failed_due_to_regex", "1 if the probe failed because a message did not match the regular expression.")

    static let metrics = [durations, statusCode, upgraded, regexFailed]

    package var measurements: [Measurement] {
        Self.durations(phases) + [Self.statusCode(status), Self.upgraded(isUpgraded), Self.regexFailed(failedByPattern)]
    }
}
