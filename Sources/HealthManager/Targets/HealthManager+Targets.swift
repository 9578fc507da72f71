import Logging

extension HealthManager {
    /// Takes over what the lists of a definition ask for now: new probes are spread like first runs, those that stay keep their results
    /// and their times, those that are gone take their series with them.
    package func takeTargets(of definition: ProbeDefinition) {
        guard plan.definitions.contains(where: { $0 === definition }) else { return }
        let change = roster.aim(definition, at: targets.entries(of: definition), plan: plan, date: time.now)
        for key in change.removed { forget(key) }
        begin(change.added)
        if !change.isEmpty {
            logger.info(
                "targets changed",
                metadata: [
                    "probe": "\(definition.identity)", "new": "\(change.added.count)", "gone": "\(change.removed.count)",
                    "targets": "\(roster.keys(of: definition).count)",
                ])
        }
        wakeIfAllFresh()
    }

    /// Looks once at every list of the plan: for a process without a schedule, in which nobody keeps looking.
    package func lookAtTargets() async {
        for definition in plan.definitions { await lookIfPending(definition) }
    }

    /// Waits for the first look at a definition's lists where it has not been.
    func lookIfPending(_ definition: ProbeDefinition) async {
        guard targets.isPending(definition) else { return }
        _ = await targets.look(at: definition)
        takeTargets(of: definition)
    }
}
