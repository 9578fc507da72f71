package import FoundationEssentials
package import Probing

/// The agent's own state.
package struct AgentFacts: Sendable {
    package var started: Date
    /// When the caches were last cleared: at start, or at the last restart.
    package var cacheCleared: Date
    package var configurationPath: String
    /// False if the last reload failed and an older configuration is in use.
    package var lastReloadSucceeded = true
    package var lastReloadSuccess: Date
    /// The errors of the last reload, or the warnings of the configuration in use.
    package var diagnostics: [Diagnostic] = []
    package var thresholds = Thresholds()
    /// The target sources of all definitions, ordered by definition and source.
    package var targetLists: [TargetListFact] = []
    /// Scheduled runs that were skipped because the previous run had not ended.
    package var skipped = 0
    package var running = 0
    package var lateness = Histogram(bounds: Self.latenessBounds)
    /// The monitor counts of each health set on each server, sorted by key.
    package var healthSets: [(key: HealthSetKey, tally: HealthSetTally)] = []
    package var overrides = 0
    package var maintenance: [Maintenance] = []
    /// The health sets that are in maintenance, sorted.
    package var inactiveSets: [HealthSetKey] = []
    /// The open episodes that somebody has acknowledged, sorted.
    package var acknowledged: [Episode] = []
    package var journal = JournalFacts()
    /// The number of `/probe` requests that named an unknown module.
    package var unknownModules = 0
    /// The names of the modules that this build cannot run, sorted.
    package var unusableModules: [String] = []

    package static let latenessBounds: [Double] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    package init(started: Date, configurationPath: String) {
        self.started = started
        self.configurationPath = configurationPath
        cacheCleared = started
        lastReloadSuccess = started
    }

    /// Takes what decisions say at a date of the health sets.
    package mutating func use(_ decisions: DecisionBook, at date: Date) {
        overrides = decisions.overrides.count
        maintenance = decisions.inForce(at: date)
        inactiveSets = healthSets.map(\.key).filter { decisions.inactive($0.healthSet, server: $0.server, at: date) != nil }
    }

    /// Takes what a plan in use from now on says.
    package mutating func use(_ plan: Plan) {
        diagnostics = plan.warnings
        thresholds = plan.configuration.organization.thresholds
    }
}
