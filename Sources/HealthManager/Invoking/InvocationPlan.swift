import Addresses
import FoundationEssentials
import Monitoring
import Probing

/// Which probes a request runs, with which options, and what of it is refused.
struct InvocationPlan {
    struct Planned: Sendable {
        let key: ProbeKey
        let probe: any Probe
    }

    /// The definition with the options of the request.
    private(set) var definition: ProbeDefinition
    private(set) var probes: [Planned] = []
    private(set) var refusals: [InvokeResults.Refusal] = []
    /// For standard error, as in `InvokeResults`.
    private(set) var notes: [String] = []
    private let state: ManagerState

    /// - Parameters:
    ///   - target: the text after the definition's name, if any.
    ///   - remote: whether options that could redirect the agent are refused.
    init(_ definition: ProbeDefinition, at target: String?, _ request: InvokeRequest, remote: Bool, state: ManagerState) {
        self.definition = definition
        self.state = state
        do throws(Refused) {
            self.definition = try changed(definition, request.set, remote: remote)
            for key in choose(self.definition, target, request) {
                do throws(Refused) {
                    probes.append(Planned(key: key, probe: try probe(key, isChanged: self.definition !== definition)))
                } catch {
                    refusals.append(error.refusal)
                }
            }
        } catch {
            refusals.append(error.refusal)
        }
    }

    private struct Refused: Error {
        var refusal: InvokeResults.Refusal

        init(_ kind: InvokeResults.Refusal.Kind, server: String = "", _ sentence: String) {
            refusal = .init(kind, server: server, sentence)
        }
    }

    /// The existing probe, or one created for this run if its options are changed.
    private func probe(_ key: ProbeKey, isChanged: Bool) throws(Refused) -> any Probe {
        if let absence = state.roster.absences[key] { throw Refused(.notDefined, server: key.server, sentence(for: key, absence)) }
        guard let member = state.roster.members[key] else {
            throw Refused(
                .notDefined, server: key.server, "probe '\(definition.identity)' is not defined on \(key.server): \(role(definition))")
        }
        guard isChanged else { return member.probe }
        var place = state.plan.place
        place.server = state.organization.server(named: key.server)
        place.target = member.target.map { Target($0) }
        switch definition.kind.discover(at: place) {
        case .probe(let probe): return probe
        case .notDefined(let why): throw Refused(.notDefined, server: key.server, why.configured)
        }
    }

    private func role(_ definition: ProbeDefinition) -> String {
        switch definition.scope {
        case .server(let role): "it applies to servers with the role \(role.rawValue)"
        case .organization: "it applies to the whole organization"
        case .targets: "it applies to targets"
        }
    }

    /// The sentence for a probe that is not defined; reads the files again to find out whether a restart would define it.
    private func sentence(for key: ProbeKey, _ absence: Absence) -> String {
        let built = absence.decided.formatted(.iso8601)
        let services = state.services
        let today = (try? services.readPlan()).map {
            Roster(
                $0, at: services.time.now, targets: services.targets, overrides: state.decisions.overrides)
        }
        let advice = today?.members[key] != nil ? "run 'agent restart'" : today?.absences[key]?.why.configured ?? "run 'agent check'"
        let place = key.server.isEmpty ? "" : " on \(key.server)"
        return "probe '\(key.identity)' is not defined\(place): \(absence.why.because) when the cache was built at \(built); \(advice)"
    }

    /// The definition with the options for one run.
    private func changed(_ definition: ProbeDefinition, _ set: [String: String], remote: Bool) throws(Refused) -> ProbeDefinition {
        guard !set.isEmpty else { return definition }
        var options = definition.options
        let known = definition.kind.guide.options
        for (key, text) in set.sorted(by: { $0.key < $1.key }) {
            guard let option = known.first(where: { $0.name == key }) else {
                let list = known.isEmpty ? "it has no options" : "known options: \(known.map(\.name).joined(separator: ", "))"
                throw Refused(.badOption, "--set \(key): kind '\(definition.kind.name)' has no such option; \(list)")
            }
            if remote, !option.settableThroughAgent {
                throw Refused(.badOption, "--set \(key): this option can't be set through an agent; use --local")
            }
            options = options.setting(key, to: text, at: SourceLocation(path: "--set \(key)"))
        }
        let changed = definition.with(options: options)
        let errors = changed.kind.errors
        guard errors.isEmpty else {
            throw Refused(.badOption, errors.map { "\($0.location): \($0.sentence)" }.joined(separator: "\n"))
        }
        return changed
    }

    private mutating func choose(_ definition: ProbeDefinition, _ target: String?, _ request: InvokeRequest)
        -> [ProbeKey]
    {
        switch definition.scope {
        case .organization: return [ProbeKey(identity: definition.identity, site: .organization)]
        case .server(let role):
            return chooseServers(role, request).map { ProbeKey(identity: definition.identity, site: .server($0)) }
        case .targets:
            guard definition.enabled else { return [ProbeKey(identity: definition.identity, site: .organization)] }
            do throws(Refused) { return try chooseTargets(definition, target, request) } catch {
                refusals.append(error.refusal)
                return []
            }
        }
    }

    /// All addresses of the named target; without a name, the first target.
    private mutating func chooseTargets(
        _ definition: ProbeDefinition, _ target: String?, _ request: InvokeRequest
    ) throws(Refused) -> [ProbeKey] {
        let name = definition.identity.description.replacing("\\", with: "/")
        guard request.servers.isEmpty else {
            throw Refused(.unknownServer, "probe '\(name)' applies to targets, not to servers: omit --server and specify \(name)/TARGET")
        }
        let keys = state.roster.keys(of: definition)
        guard let target else {
            guard let first = keys.first?.identity else {
                throw Refused(.notDefined, "probe '\(name)' currently has no targets: its definition and its target lists are empty")
            }
            if request.allServers { return keys }
            let count = Set(keys.map(\.identity)).count
            if count > 1 { notes.append("note: 1 of \(count) targets; specify one as \(name)/TARGET, or --all-servers to run all") }
            return keys.filter { $0.identity == first }
        }
        do throws(NoSuchTarget) { return try state.roster.keys(of: definition, at: target) } catch {
            throw Refused(.unknownProbe, error.description)
        }
    }

    private mutating func chooseServers(_ role: Server.Role, _ request: InvokeRequest) -> [String] {
        let eligible = state.organization.servers.filter { $0.roles.contains(role) }.map(\.name)
        if request.allServers, !eligible.isEmpty { return eligible }
        guard !request.servers.isEmpty else {
            guard let first = eligible.first else {
                refusals.append(.init(.unknownServer, "Cannot find a \(role.rawValue) server in the current site."))
                return []
            }
            if eligible.count > 1 { notes.append("note: 1 of \(eligible.count) servers; --all-servers runs the rest") }
            return [first]
        }
        var chosen: [String] = []
        for name in request.servers {
            if let server = state.organization.server(named: name) {
                if !chosen.contains(server.name) { chosen.append(server.name) }
            } else {
                let known = state.organization.servers.map(\.name)
                let list = known.isEmpty ? "no servers are configured" : "configured servers: \(known.joined(separator: ", "))"
                refusals.append(.init(.unknownServer, server: name, "no server '\(name)' is configured; \(list)"))
            }
        }
        return chosen
    }
}
