import Addresses
import Logging
import Monitoring
package import Probing

/// The definition has no such target; the description is one sentence.
struct NoSuchTarget: Error, CustomStringConvertible { let description: String }

extension HealthManager {
    /// Updates a definition's probes to its current target lists: new probes are scheduled like first runs, existing ones keep their
    /// results and schedule, and removed ones lose their series. Ignored if the definition is no longer in the plan.
    package func takeTargets(of definition: ProbeDefinition) {
        guard plan.definitions.contains(where: { $0 === definition }) else { return }
        let change = roster.aim(definition, at: targets.entries(of: definition), plan: plan, date: time.now)
        for key in change.removed { forget(key) }
        begin(change.added)
        targets.settle(definition)
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

    /// Loads every target list of the plan once, for a process without a schedule.
    package func lookAtTargets() async {
        for definition in plan.definitions { await lookIfPending(definition) }
    }

    /// The probes of one target of a definition, one for each of its addresses.
    /// - Parameter target: as printed or as listed; case is ignored if the match is unique.
    func keys(of definition: ProbeDefinition, at target: String) throws(NoSuchTarget) -> [ProbeKey] {
        let keys = roster.keys(of: definition)
        let listed = keys.filter { roster.members[$0]?.target?.text == target }
        if !listed.isEmpty { return listed }
        let exact = keys.filter { $0.identity.target == target }
        if !exact.isEmpty { return exact }
        let similar = keys.filter { $0.identity.target?.lowercased() == target.lowercased() }
        guard let first = similar.first?.identity, similar.allSatisfy({ $0.identity == first }) else {
            let name = definition.identity.description.replacing("\\", with: "/")
            throw NoSuchTarget(description: "probe '\(name)' has no target '\(URLRedaction.target(target))'; \(known(keys, like: target))")
        }
        return similar
    }

    private func known(_ keys: [ProbeKey], like target: String) -> String {
        let few = 1000
        let all = keys.prefix(few).compactMap(\.identity.target)
        let near = NearestName.ranked(Set(all), to: target).prefix(3)
        if !near.isEmpty { return "similar names: \(near.joined(separator: ", "))" }
        let some = all.prefix(3).joined(separator: ", ")
        return keys.isEmpty ? "it currently has no targets" : keys.count > 3 ? "it has \(keys.count), such as \(some)" : "it has \(some)"
    }

    /// Loads a definition's target lists if they have not been loaded yet.
    func lookIfPending(_ definition: ProbeDefinition) async {
        guard targets.isPending(definition) else { return }
        _ = await targets.look(at: definition)
        takeTargets(of: definition)
    }
}
