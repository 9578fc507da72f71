package import Probing

/// The contents of `agent.yaml`. Every key has a default; an agent can run without servers.
///
/// Paths are absolute or relative to the working directory of the process: the reader has resolved them against the file's directory.
package struct AgentConfiguration: Sendable {
    package var organization = Organization()
    package var daemon = DaemonSettings()
    package var probe = ProbeAccess()
    /// The Alertmanagers that alerts are sent to directly.
    package var alertmanagers: [AlertmanagerConfiguration] = []
    package var responders: [Responder] = []
    package var history = HistorySettings()
    /// The part of the targets that this agent probes; nil for all of them.
    package var shard: Shard?

    package init() {}
}

/// How long and up to which size history is kept.
package struct HistorySettings: Sendable, Hashable {
    package var keepFor: Duration = .seconds(30 * 86400)
    package var maximumBytes = 256 << 20

    package init() {}
}
