package import FoundationEssentials
package import Probing

/// The agent's own state.
package struct AgentFacts: Sendable {
    package var started: Date
    /// When the caches were last cleared: at start, or at the last restart.
    package var cacheCleared: Date
    package var configurationPath: String
    /// The tenant's domain; empty if it is not configured.
    package var organization = ""
    /// False if the last reload failed and an older configuration is in use.
    package var lastReloadSucceeded = true
    package var lastReloadSuccess: Date
    /// The errors of the last reload, or the warnings of the configuration in use.
    package var diagnostics: [Diagnostic] = []
    package var thresholds = Thresholds()
    /// What Microsoft has announced, the earliest first.
    package var knownDates: [KnownDates.Event] = []
    /// The target sources of all definitions, ordered by definition and source.
    package var targetLists: [TargetListFact] = []
    /// Scheduled runs that were skipped because the previous run had not ended.
    package var skipped = 0
    package var running = 0
    /// How far the schedule itself is behind: runs that are due have not even been queued for so long.
    package var overdue = Duration.zero
    package var lateness = Histogram(bounds: Self.latenessBounds)
    /// The monitor counts of each health set on each server, sorted by key.
    package var healthSets: [(key: HealthSetKey, tally: HealthSetTally)] = []
    package var overrides = 0
    package var maintenance: [Maintenance] = []
    /// The health sets that are in maintenance, sorted; an empty server stands for what belongs to no server, or to all of them.
    package var inactiveSets: [HealthSetKey] = []
    /// The open episodes that somebody has acknowledged, sorted.
    package var acknowledged: [Episode] = []
    /// The monitors with a problem that comes and goes, sorted.
    package var flapping: [MonitorStatus] = []
    package var journal = JournalFacts()
    /// The number of `/probe` requests that named an unknown module.
    package var unknownModules = 0
    /// The names of the modules that this build cannot run, sorted.
    package var unusableModules: [String] = []

    /// How long the runs of each definition took, over all of its servers and targets.
    package private(set) var durations: [ProbeIdentity: Histogram] = [:]

    package static let durationBounds: [Double] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
    package static let latenessBounds: [Double] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    package init(started: Date, configurationPath: String) {
        self.started = started
        self.configurationPath = configurationPath
        cacheCleared = started
        lastReloadSuccess = started
    }

    /// Counts the duration of a run, unless it was not made.
    package mutating func ran(_ result: ProbeResult) {
        guard ![.rejected, .quarantined].contains(result.type) else { return }
        let definition = ProbeIdentity(result.key.identity, target: nil)
        durations[definition, default: Histogram(bounds: Self.durationBounds)].observe(result.duration.seconds)
    }

    /// Takes what decisions say at a date of a plan's health sets.
    package mutating func use(_ decisions: DecisionBook, of plan: Plan, at date: Date) {
        overrides = decisions.overrides.count
        maintenance = decisions.inForce(at: date)
        inactiveSets = maintenance.isEmpty ? [] : inactive(decisions, plan, date)
    }

    private func inactive(_ decisions: DecisionBook, _ plan: Plan, _ date: Date) -> [HealthSetKey] {
        let servers = plan.configuration.organization.servers.map(\.name)
        let definitions = Dictionary(grouping: plan.definitions, by: \.identity.healthSet)
        let all = definitions.keys.flatMap { name in (servers + [""]).map { HealthSetKey(healthSet: name, server: $0) } }
        var inactive = Set(healthSets.map(\.key) + all).filter { decisions.inactive($0.healthSet, server: $0.server, at: date) != nil }
        // What the servers share, such as an exported certificate, rests when all of them do.
        for (name, definitions) in definitions where !servers.isEmpty {
            let isOfServers = definitions.allSatisfy { if case .server = $0.scope { true } else { false } }
            if isOfServers, servers.allSatisfy({ inactive.contains(HealthSetKey(healthSet: name, server: $0)) }) {
                inactive.insert(HealthSetKey(healthSet: name, server: ""))
            }
        }
        return inactive.sorted()
    }

    /// Takes what a plan in use from now on says.
    package mutating func use(_ plan: Plan) {
        diagnostics = plan.warnings
        organization = plan.configuration.organization.name
        thresholds = plan.configuration.organization.thresholds
        knownDates = plan.configuration.organization.knownDates.events.values.sorted { ($0.date, $0.what) < ($1.date, $1.what) }
        let defined = Set(plan.definitions.map(\.identity))
        durations = durations.filter { defined.contains($0.key) }
    }
}
