import Addresses
package import FoundationEssentials

/// The outcome of discovery: which probes exist on which server or for which target by one plan, and why others do not.
package struct Roster: Sendable {
    /// One probe. A class: schedule, queue and cache share it.
    package final class Member: Sendable {
        package let definition: ProbeDefinition
        package let probe: any Probe
        /// Whose slots its runs take: the server's, or the target's host.
        let lane: String
        /// What it is aimed at, where its kind has targets.
        let target: TargetEntry?

        init(_ definition: ProbeDefinition, _ probe: any Probe, lane: String, target: TargetEntry?) {
            self.definition = definition
            self.probe = probe
            self.lane = lane
            self.target = target
        }
    }

    package struct Absence: Sendable {
        package var definition: ProbeDefinition
        package var why: NotDefined
        /// When this was decided: it is cached until a restart.
        package var decided: Date
    }

    package private(set) var members: [ProbeKey: Member] = [:]
    package private(set) var absences: [ProbeKey: Absence] = [:]

    private typealias Maker = @Sendable (Place) -> Discovery

    /// A definition, and what makes its probes: its options are read once, however many there are.
    private struct Mould: Sendable {
        let definition: ProbeDefinition
        let make: Maker
    }

    /// A definition of a target kind: as it is written, as overrides of the whole leave it, and the probes there are, in the order of its lists.
    private struct Aim: Sendable {
        let written: Mould
        let shared: Mould
        var keys: [ProbeKey] = []
    }

    private var aims: [ProbeIdentity: Aim] = [:]
    private var kinds = KindCatalog([])
    private var overrides: [Override] = []

    package init() {}

    package init(_ plan: Plan, kinds: KindCatalog, at date: Date, targets: TargetLists, overrides: [Override] = []) {
        self.kinds = kinds
        self.overrides = overrides
        let place = plan.place
        for definition in plan.definitions {
            let mould = Mould(definition: definition, make: Self.maker(definition, kinds))
            switch definition.scope {
            case .organization:
                let key = ProbeKey(identity: definition.identity, server: "")
                add(key, overridden(mould, key), place, lane: "", date)
            case .server(let role):
                for server in plan.configuration.servers where server.roles.contains(role) {
                    var place = place
                    place.server = server
                    let key = ProbeKey(identity: definition.identity, server: server.name)
                    add(key, overridden(mould, key), place, lane: server.name, date)
                }
            case .targets:
                let whole = ProbeKey(identity: definition.identity, server: "")
                guard definition.enabled else {
                    add(whole, mould, place, lane: "", date)
                    continue
                }
                aims[definition.identity] = Aim(written: mould, shared: overridden(mould, whole))
                _ = aim(definition, at: targets.entries(of: definition), place: place, date)
            }
        }
    }

    /// This roster as a reload takes it over: what is new or changed takes effect, but whether a probe exists stays as
    /// decided for every unchanged definition, until a restart.
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

    private mutating func add(_ key: ProbeKey, _ mould: Mould, _ place: Place, lane: String, target: TargetEntry? = nil, _ date: Date) {
        switch mould.make(place) {
        case .probe(let probe): members[key] = Member(mould.definition, probe, lane: lane, target: target)
        case .notDefined(let why): absences[key] = Absence(definition: mould.definition, why: why, decided: date)
        }
    }

    /// What overrides leave of a definition for one probe, or for all its targets.
    private func overridden(_ written: Mould, _ key: ProbeKey) -> Mould {
        let definition = written.definition.overridden(by: overrides, identity: key.identity, server: key.server)
        if definition.enabled == written.definition.enabled, definition.options == written.definition.options {
            return Mould(definition: definition, make: written.make)
        }
        guard definition.enabled else {
            let why = NotDefined(because: "an override had disabled it", configured: "an override disables it: 'agent override list'")
            return Mould(definition: definition) { _ in .notDefined(why) }
        }
        return Mould(definition: definition, make: Self.maker(definition, kinds))
    }

    /// Reads the options once, however many probes the definition has.
    private static func maker(_ definition: ProbeDefinition, _ kinds: KindCatalog) -> Maker {
        let why: NotDefined
        if definition.enabled {
            do throws(ConfigurationRefused) { return try kinds.maker(of: definition) } catch {
                why = NotDefined(because: "its options were refused", configured: error.description)
            }
        } else {
            why = NotDefined(because: "its definition was not enabled", configured: "\(definition.location.path) says enabled: false")
        }
        return { _ in .notDefined(why) }
    }

    // MARK: Targets

    /// Which probes a change of a definition's lists has brought and taken.
    struct Retargeting {
        var added: [ProbeKey] = []
        var removed: [ProbeKey] = []

        var isEmpty: Bool { added.isEmpty && removed.isEmpty }
    }

    /// The keys of a definition's targets, in the order of its lists.
    func keys(of definition: ProbeDefinition) -> [ProbeKey] { aims[definition.identity]?.keys ?? [] }

    /// Gives a definition those probes that its lists ask for; what was there already stays as it is.
    mutating func aim(_ definition: ProbeDefinition, at entries: [TargetEntry], plan: Plan, date: Date) -> Retargeting {
        aim(definition, at: entries, place: plan.place, date)
    }

    private mutating func aim(_ definition: ProbeDefinition, at entries: [TargetEntry], place: Place, _ date: Date) -> Retargeting {
        guard let aim = aims[definition.identity] else { return Retargeting() }
        var change = Retargeting()
        var gone = Set(aim.keys)
        let identity = definition.identity
        let named = Set(overrides.compactMap(\.target))
        let keys = entries.map { entry in
            let key = ProbeKey(
                identity: ProbeIdentity(healthSet: identity.healthSet, name: identity.name, target: entry.name), server: "",
                address: entry.address?.description ?? "")
            // The key that is there already is shared by all who hold it.
            let known = gone.remove(key)
            if let known {
                guard let older = members[known]?.target, older != entry else { return known }
                // Its login is another one: the probe that is there has the old one.
                change.removed.append(known)
            }
            var place = place
            place.target = Target(entry)
            let mould = named.contains(entry.name) ? overridden(aim.written, key) : aim.shared
            add(key, mould, place, lane: Self.lane(entry), target: entry, date)
            if members[key] != nil { change.added.append(key) }
            return known ?? key
        }
        for key in gone {
            if members.removeValue(forKey: key) != nil { change.removed.append(key) }
            absences[key] = nil
        }
        aims[definition.identity]?.keys = keys
        return change
    }

    private static func lane(_ entry: TargetEntry) -> String {
        if let address = entry.address { return address.description }
        let host = Target.host(in: entry.text).lowercased()
        return host.isEmpty ? entry.text : host
    }
}

extension Plan {
    /// Where a probe of the whole organization lives; one of a server or a target adds that.
    package var place: Place {
        let watchers = Dictionary(definitions.map { ($0.kind, $0.identity) }) { first, _ in first }
        return Place(configuration: configuration, server: nil, watchers: watchers)
    }
}
