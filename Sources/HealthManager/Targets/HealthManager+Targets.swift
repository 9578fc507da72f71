import Monitoring
import Probing

/// Loading of target lists outside the schedule.
extension HealthManager {
    /// Loads every target list of the plan once, for a process without a schedule.
    package func lookAtTargets() async {
        for definition in state.plan.definitions { await lookIfPending(definition) }
    }

    /// Loads a definition's target lists if they have not been loaded yet.
    func lookIfPending(_ definition: ProbeDefinition) async {
        guard services.targets.isPending(definition) else { return }
        _ = await services.targets.look(at: definition)
        takeTargets(of: definition)
    }
}
