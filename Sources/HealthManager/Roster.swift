import Addresses
package import FoundationEssentials
package import Monitoring
package import Probing

/// The definition has no such target; the description is one sentence.
struct NoSuchTarget: Error, CustomStringConvertible { let description: String }

/// The probes that a plan defines for each server and target, and why others are not defined.
package struct Roster: Sendable {
    /// One probe. A class, because schedule, queue and cache share it.
    package final class Member: Sendable {
        package let definition: ProbeDefinition
        package let probe: any Probe
        /// The group whose concurrency limit applies to its runs: the server, or the target's host.
        let concurrencyGroup: String
        /// The target, if its kind probes targets; otherwise nil.
        let target: TargetEntry?

        init(_ definition: ProbeDefinition, _ probe: any Probe, concurrencyGroup: String, target: TargetEntry?) {
            self.definition = definition
            self.probe = probe
            self.concurrencyGroup = concurrencyGroup
            self.target = target
        }
    }

    package private(set) var members: [ProbeKey: Member] = [:]
    package private(set) var absences: [ProbeKey: Absence] = [:]

    /// A definition of a target kind: as written, with the overrides for all targets, and its existing probes in the order of its lists.
    private struct TargetedDefinition: Sendable {
        let written: ProbeDefinition
        let shared: ProbeDefinition
        var keys: [ProbeKey] = []
    }

    private var targeted: [ProbeIdentity: TargetedDefinition] = [:]
    private var overrides: [Override] = []

    package init() {}

    /// - Parameter date: recorded as the date of the decision that a probe is not defined.
    package init(_ plan: Plan, at date: Date, targets: TargetLists, overrides: [Override] = []) {
        self.overrides = overrides
        let place = plan.place
        for definition in plan.definitions {
            switch definition.scope {
            case .organization:
                let key = ProbeKey(identity: definition.identity, site: .organization)
                add(key, overridden(definition, key), written: definition, place, concurrencyGroup: "", date)
            case .server(let role):
                for server in plan.configuration.organization.servers where server.roles.contains(role) {
                    var place = place
                    place.server = server
                    let key = ProbeKey(identity: definition.identity, site: .server(server.name))
                    add(key, overridden(definition, key), written: definition, place, concurrencyGroup: server.name, date)
                }
            case .targets:
                let whole = ProbeKey(identity: definition.identity, site: .organization)
                guard definition.enabled else {
                    add(whole, definition, written: definition, place, concurrencyGroup: "", date)
                    continue
                }
                targeted[definition.identity] = TargetedDefinition(written: definition, shared: overridden(definition, whole))
                _ = retarget(definition, at: targets.entries(of: definition), place: place, date)
            }
        }
    }

    /// The roster for a reload: new and changed definitions take effect, but for unchanged definitions, whether a probe is defined stays as
    /// determined earlier, until a restart.
    package func keepingDecisions(of older: Roster) -> Roster {
        var merged = self
        for (key, absence) in absences {
            guard let member = older.members[key], member.definition == absence.definition else { continue }
            merged.absences[key] = nil
            merged.members[key] = member
        }
        for (key, member) in members {
            guard let absence = older.absences[key], absence.definition == member.definition else { continue }
            merged.members[key] = nil
            merged.absences[key] = absence
        }
        return merged
    }

    /// - Parameters:
    ///   - definition: with the overrides for this probe.
    ///   - written: without any overrides.
    private mutating func add(
        _ key: ProbeKey, _ definition: ProbeDefinition, written: ProbeDefinition, _ place: Place, concurrencyGroup: String,
        target: TargetEntry? = nil, _ date: Date
    ) {
        switch discover(definition, written: written, place) {
        case .probe(let probe): members[key] = Member(definition, probe, concurrencyGroup: concurrencyGroup, target: target)
        case .notDefined(let why): absences[key] = Absence(definition: definition, why: why, decided: date)
        }
    }

    private func discover(_ definition: ProbeDefinition, written: ProbeDefinition, _ place: Place) -> Discovery {
        if definition.enabled { return definition.kind.discover(at: place) }
        return .notDefined(
            written.enabled
                ? NotDefined(because: "an override disabled it", configured: "an override disables it: see 'agent override list'")
                : NotDefined(because: "its definition was disabled", configured: "\(definition.location.path) sets enabled: false"))
    }

    /// A definition with the overrides for one probe, or for all its targets, applied.
    private func overridden(_ definition: ProbeDefinition, _ key: ProbeKey) -> ProbeDefinition {
        definition.overridden(by: overrides, identity: key.identity, server: key.server)
    }

    // MARK: Targets

    /// The probes added and removed by a change of a definition's target lists.
    struct Retargeting {
        var added: [ProbeKey] = []
        var removed: [ProbeKey] = []

        var isEmpty: Bool { added.isEmpty && removed.isEmpty }
    }

    /// The probes of a definition with targets, in the order of its lists.
    func keys(of definition: ProbeDefinition) -> [ProbeKey] { targeted[definition.identity]?.keys ?? [] }

    /// The probes of one target of a definition, one for each of its addresses.
    /// - Parameter target: as printed or as listed; case is ignored if the match is unique.
    func keys(of definition: ProbeDefinition, at target: String) throws(NoSuchTarget) -> [ProbeKey] {
        let keys = keys(of: definition)
        let listed = keys.filter { members[$0]?.target?.text == target }
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

    /// Updates a definition's probes to these targets; existing probes are kept.
    mutating func retarget(_ definition: ProbeDefinition, at entries: [TargetEntry], plan: Plan, date: Date) -> Retargeting {
        retarget(definition, at: entries, place: plan.place, date)
    }

    private mutating func retarget(_ definition: ProbeDefinition, at entries: [TargetEntry], place: Place, _ date: Date) -> Retargeting {
        guard let targeted = self.targeted[definition.identity] else { return Retargeting() }
        var change = Retargeting()
        var gone = Set(targeted.keys)
        let identity = definition.identity
        let named = Set(overrides.compactMap(\.target))
        let keys = entries.map { entry in
            let key = ProbeKey(
                identity: ProbeIdentity(identity, target: entry.name),
                site: .target(address: entry.address?.description))
            // The existing key is reused, so that its allocation stays shared.
            let known = gone.remove(key)
            if let known {
                guard let older = members[known]?.target, older != entry else { return known }
                // Only the credentials have changed: the existing probe has the old ones.
                change.removed.append(known)
            }
            var place = place
            place.target = Target(entry)
            let current = named.contains(entry.name) ? overridden(targeted.written, key) : targeted.shared
            add(key, current, written: targeted.written, place, concurrencyGroup: Self.concurrencyGroup(entry), target: entry, date)
            if members[key] != nil { change.added.append(key) }
            return known ?? key
        }
        for key in gone {
            if members.removeValue(forKey: key) != nil { change.removed.append(key) }
            absences[key] = nil
        }
        self.targeted[definition.identity]?.keys = keys
        return change
    }

    private static func concurrencyGroup(_ entry: TargetEntry) -> String {
        if let address = entry.address { return address.description }
        let host = Target.host(in: entry.text).lowercased()
        return host.isEmpty ? entry.text : host
    }
}
