package import Logging
package import Monitoring
package import Probing

/// What the health manager is given, and shares with those who use it.
package struct ManagerServices: Sendable {
    package let kinds: KindCatalog
    /// Reads the configuration and definitions from their files.
    package let readPlan: PlanReader
    package let configurationPath: String
    package let time: any TimeSource
    package let targets: TargetLists
    /// Runs modules on demand; its counts and latest runs are part of what is shown. The manager tells it of new plans.
    package let prober: OnDemandProber
    package let journal: any Journal
    /// The version of this agent, at which overrides may end.
    package let version: String
    package let logger: Logger
    let runner: ProbeRunner

    /// - Parameters:
    ///   - targets: nil means that no target list can be read.
    ///   - prober: nil means one without modules, until a plan brings some.
    ///   - grace: how long after its cancellation a run may continue before it counts as Poisoned.
    package init(
        kinds: KindCatalog, readPlan: @escaping PlanReader, configurationPath: String, time: any TimeSource, targets: TargetLists? = nil,
        prober: OnDemandProber? = nil,
        journal: any Journal = NoJournal(), version: String = "0", grace: Duration = .seconds(2), logger: Logger
    ) {
        self.kinds = kinds
        self.readPlan = readPlan
        self.configurationPath = configurationPath
        self.time = time
        self.targets = targets ?? TargetLists(time: time, logger: logger)
        self.prober = prober ?? OnDemandProber(time: time)
        self.journal = journal
        self.version = version
        self.logger = logger
        runner = ProbeRunner(time: time, grace: grace)
    }
}
