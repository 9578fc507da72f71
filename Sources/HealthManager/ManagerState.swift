import Monitoring
package import Probing

/// The health manager's definitions and decisions at one moment: what requested runs, forecasts and changes are based on.
struct ManagerState: Sendable {
    let plan: Plan
    let roster: Roster
    let decisions: DecisionBook
    /// The generation of the cache: results of runs that began in another are ignored.
    let generation: Int
    let services: ManagerServices

    var organization: Organization { plan.configuration.organization }

    /// Finds definitions by user input.
    var selector: ProbeSelector {
        ProbeSelector(plan.definitions, listed: { [targets = services.targets] in targets.entries(of: $0).map(\.text) })
    }

    /// The names of items of all definitions, with a health set if the text has one, and of responders: candidates for similar names.
    func names(like text: String, of items: (ProbeDefinition) -> [String]) -> [String] {
        let isWhole = text.contains { "\\/".contains($0) }
        let named = plan.definitions.flatMap { definition in
            items(definition).map { (isWhole ? definition.identity.healthSet + "/" : "") + $0 }
        }
        return named + plan.configuration.responders.map(\.name)
    }
}

extension HealthManager {
    /// The definition of a probe as its file has it, without overrides; nil if the plan has none.
    package func definition(of probe: ProbeIdentity) -> ProbeDefinition? {
        state.plan.definitions.first { $0.identity == ProbeIdentity(probe, target: nil) }
    }
}
