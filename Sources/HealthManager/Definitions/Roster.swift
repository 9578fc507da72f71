package import FoundationEssentials

/// The outcome of discovery: which probes exist on which server by one plan, and why others do not.
package struct Roster: Sendable {
    package struct Member: Sendable {
        package var definition: ProbeDefinition
        package var probe: any Probe
    }

    package struct Absence: Sendable {
        package var definition: ProbeDefinition
        package var why: NotDefined
        /// When this was decided: it is cached until a restart.
        package var decided: Date
    }

    package private(set) var members: [ProbeKey: Member] = [:]
    package private(set) var absences: [ProbeKey: Absence] = [:]

    package init() {}

    package init(_ plan: Plan, kinds: KindCatalog, at date: Date) {
        for definition in plan.definitions {
            for server in Self.servers(for: definition, in: plan) {
                let key = ProbeKey(identity: definition.identity, server: server?.name ?? "")
                switch Self.discover(definition, on: server, plan: plan, kinds: kinds) {
                case .probe(let probe): members[key] = Member(definition: definition, probe: probe)
                case .notDefined(let why): absences[key] = Absence(definition: definition, why: why, decided: date)
                }
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

    /// The servers a definition is for; one nil for a probe of the whole organization.
    private static func servers(for definition: ProbeDefinition, in plan: Plan) -> [Server?] {
        switch definition.scope {
        case .organization: [nil]
        case .server(let role): plan.configuration.servers.filter { $0.roles.contains(role) }
        }
    }

    private static func discover(_ definition: ProbeDefinition, on server: Server?, plan: Plan, kinds: KindCatalog) -> Discovery {
        guard definition.enabled else {
            return .notDefined(
                NotDefined(because: "its definition was not enabled", configured: "\(definition.location.path) says enabled: false"))
        }
        do throws(ConfigurationRefused) {
            return try kinds.discover(definition, at: plan.place(server))
        } catch {
            return .notDefined(NotDefined(because: "its options were refused", configured: error.description))
        }
    }
}

extension Plan {
    package func place(_ server: Server?) -> Place {
        let watchers = Dictionary(definitions.map { ($0.kind, $0.identity) }) { first, _ in first }
        return Place(configuration: configuration, server: server, watchers: watchers)
    }
}
