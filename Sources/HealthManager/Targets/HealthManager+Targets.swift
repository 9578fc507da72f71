import Addresses
import Logging

/// Why nothing is aimed at a target, in one sentence.
struct NoSuchTarget: Error, CustomStringConvertible { let description: String }

extension HealthManager {
    /// Takes over what the lists of a definition ask for now: new probes are spread like first runs, those that stay keep their results
    /// and their times, those that are gone take their series with them.
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

    /// Looks once at every list of the plan: for a process without a schedule, in which nobody keeps looking.
    package func lookAtTargets() async {
        for definition in plan.definitions { await lookIfPending(definition) }
    }

    /// The probes at one target of a definition, one for each of its addresses.
    /// - Parameter target: as it is printed, or as it is listed; in any case where that is unique.
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
        if !near.isEmpty { return "nearest: \(near.joined(separator: ", "))" }
        let some = all.prefix(3).joined(separator: ", ")
        return keys.isEmpty ? "it has none now" : keys.count > 3 ? "it has \(keys.count), such as \(some)" : "it has \(some)"
    }

    /// Waits for the first look at a definition's lists where it has not been.
    func lookIfPending(_ definition: ProbeDefinition) async {
        guard targets.isPending(definition) else { return }
        _ = await targets.look(at: definition)
        takeTargets(of: definition)
    }
}
