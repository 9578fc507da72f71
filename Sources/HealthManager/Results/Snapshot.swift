package import FoundationEssentials

/// An immutable picture of the cache at one moment. Metrics, page, API and command line see only this.
package struct Snapshot: Sendable {
    /// Every defined probe, in the order of its key.
    package var probes: [ProbeState]
    /// Probes that a definition asks for and that do not exist here, and why.
    package var notDefined: [ProbeKey: NotDefined]
    package var agent: AgentFacts

    package init(probes: [ProbeState], notDefined: [ProbeKey: NotDefined], agent: AgentFacts) {
        self.probes = probes
        self.notDefined = notDefined
        self.agent = agent
    }
}

/// What the agent knows of itself.
package struct AgentFacts: Sendable {
    package var started: Date
    /// When the caches were last built from nothing: at start, or at the last restart.
    package var cacheCleared: Date
    package var configurationPath: String
    /// False while the files hold an error and an older configuration is in force.
    package var lastReloadSucceeded = true
    package var lastReloadSuccess: Date
    /// The problems of the last reload, or the warnings of the configuration in force.
    package var diagnostics: [Diagnostic] = []
    package var thresholds = Thresholds()
    /// The lists that definitions take targets from, in the order of definition and source.
    package var targetLists: [TargetListFact] = []
    /// Starts that were left out because the run before had not ended.
    package var skipped = 0
    package var running = 0
    package var lateness = Histogram(bounds: Self.latenessBounds)
    /// The monitors of each health set on each server, in the order of their keys.
    package var healthSets: [(key: HealthSetKey, tally: HealthSetTally)] = []
    package var overrides = 0
    package var maintenance: [Maintenance] = []
    package var journal = JournalFacts()

    package static let latenessBounds: [Double] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    package init(started: Date, configurationPath: String) {
        self.started = started
        self.configurationPath = configurationPath
        cacheCleared = started
        lastReloadSuccess = started
    }
}

/// Counts of observations by upper bound, as Prometheus understands a histogram.
package struct Histogram: Sendable, Hashable {
    /// Upper bounds, ascending, without the infinite one.
    package let bounds: [Double]
    /// One count for each bound and a last one for what is above; not cumulative.
    package private(set) var counts: [Int]
    package private(set) var sum = 0.0

    package var count: Int { counts.reduce(0, +) }

    package init(bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    package mutating func observe(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }
}
