package import FoundationEssentials
package import Probing

/// An immutable, consistent snapshot of the cache, of overrides and maintenance, and of runs on demand. The status page, API and command
/// line read only this.
package struct Snapshot: Sendable {
    package var taken: Date
    /// Every defined probe, sorted by key.
    package var probes: [ProbeState]
    /// Probes that are enabled in a definition but do not apply here, and why.
    package var notDefined: [ProbeKey: Absence]
    /// The overrides in force.
    package var overrides: [Override]
    /// The maintenance in force and scheduled.
    package var maintenance: [Maintenance]
    /// In configuration order.
    package var servers: [Server]
    /// The latest runs on demand, newest first.
    package var onDemand: [OnDemandRun]
    package var agent: AgentFacts

    package init(
        taken: Date, probes: [ProbeState], notDefined: [ProbeKey: Absence] = [:], overrides: [Override] = [],
        maintenance: [Maintenance] = [], servers: [Server] = [], onDemand: [OnDemandRun] = [], agent: AgentFacts
    ) {
        self.taken = taken
        self.probes = probes
        self.notDefined = notDefined
        self.overrides = overrides
        self.maintenance = maintenance
        self.servers = servers
        self.onDemand = onDemand
        self.agent = agent
    }

    /// When the maintenance that silences a health set on a server started; nil if none is in force.
    package func inactive(_ healthSet: String, server: String) -> Date? {
        maintenance.inactive(healthSet, server: server, at: taken)
    }
}
