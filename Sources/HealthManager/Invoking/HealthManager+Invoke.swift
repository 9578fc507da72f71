import Addresses
import FoundationEssentials
package import Monitoring
import Probing

extension HealthManager {
    /// Runs one probe now on the requested servers or targets, concurrently, and returns a result or a refusal for each.
    ///
    /// Results are cached like those of scheduled runs, unless the run was changed (`set`, `at` or a timeout).
    /// - Parameter remote: whether the request came from outside this process; options that could redirect the agent are then refused.
    package func invoke(_ request: InvokeRequest, remote: Bool) async -> InvokeResults {
        let original: ProbeDefinition
        let target: String?
        switch selector.select(request.probe) {
        case .one(let found, let text):
            original = found
            target = text
        case .none(let sentence): return InvokeResults(refusals: [.init(.unknownProbe, sentence)])
        }
        let definition: ProbeDefinition
        let make: (@Sendable (Place) -> Discovery)?
        do throws(Refused) {
            definition = try changed(original, request.set, remote: remote)
            make = request.set.isEmpty ? nil : try maker(of: definition)
        } catch {
            return InvokeResults(refusals: [error.refusal])
        }
        await lookIfPending(original)

        var answer = InvokeResults()
        var probes: [(key: ProbeKey, probe: any Probe)] = []
        for key in choose(definition, target, request, answer: &answer) {
            do throws(Refused) { probes.append((key, try probe(key, definition, make))) } catch {
                answer.refusals.append(error.refusal)
            }
        }
        let isRehearsal = !request.set.isEmpty || request.at != nil
        let isChanged = isRehearsal || request.timeoutSeconds != nil
        let timeout = request.timeoutSeconds.map { Duration.seconds($0) } ?? definition.timeout
        let generation = currentGeneration
        var results: [ProbeRunner.Ended] = []
        await withTaskGroup(of: ProbeRunner.Ended?.self) { group in
            var rest = probes.makeIterator()
            func begin() {
                guard let (key, probe) = rest.next() else { return }
                group.addTask { [runner, definition] in
                    await runner.end(
                        probe, key: key, kind: definition.kind, retries: definition.retries, timeout: timeout, at: request.at,
                        isRehearsal: isRehearsal)
                }
            }
            for _ in 0..<Self.invokedAtOnce { begin() }
            for await result in group {
                if let result { results.append(result) }
                begin()
            }
        }
        for ended in results.sorted(by: { $0.result.key < $1.result.key }) {
            if !isChanged { record(ended, generation: generation, definition: original) }
            answer.results.append(ended.result)
        }
        return answer
    }

    var selector: ProbeSelector {
        ProbeSelector(plan.definitions, listed: { [targets] in targets.entries(of: $0).map(\.text) })
    }

    /// Maximum concurrent runs of one request: a definition may have a hundred thousand targets.
    private static let invokedAtOnce = 256

    private struct Refused: Error {
        var refusal: InvokeResults.Refusal

        init(_ kind: InvokeResults.Refusal.Kind, server: String = "", _ sentence: String) {
            refusal = .init(kind, server: server, sentence)
        }
    }

    private func maker(of definition: ProbeDefinition) throws(Refused) -> @Sendable (Place) -> Discovery {
        do throws(ConfigurationRefused) { return try kinds.maker(of: definition) } catch {
            throw Refused(.badOption, error.description)
        }
    }

    /// The existing probe, or one created for this run if `make` is not nil.
    private func probe(
        _ key: ProbeKey, _ definition: ProbeDefinition, _ make: (@Sendable (Place) -> Discovery)?
    ) throws(Refused) -> any Probe {
        if let absence = roster.absences[key] { throw Refused(.notDefined, server: key.server, sentence(for: key, absence)) }
        guard let member = roster.members[key] else {
            throw Refused(
                .notDefined, server: key.server, "probe '\(definition.identity)' is not defined on \(key.server): \(role(definition))")
        }
        guard let make else { return member.probe }
        var place = plan.place
        place.server = plan.configuration.organization.server(named: key.server)
        place.target = member.target.map { Target($0) }
        switch make(place) {
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
        let today = (try? readPlan()).map {
            Roster($0, kinds: kinds, at: time.now, targets: targets, overrides: decisions.overrides)
        }
        let advice = today?.members[key] != nil ? "run 'agent restart'" : today?.absences[key]?.why.configured ?? "run 'agent check'"
        let place = key.server.isEmpty ? "" : " on \(key.server)"
        return "probe '\(key.identity)' is not defined\(place): \(absence.why.because) when the cache was built at \(built); \(advice)"
    }

    /// The definition with the options for one run.
    private func changed(_ definition: ProbeDefinition, _ set: [String: String], remote: Bool) throws(Refused) -> ProbeDefinition {
        guard !set.isEmpty else { return definition }
        var options = definition.options
        let known = kinds.kind(named: definition.kind)?.guide.options ?? []
        for (key, text) in set.sorted(by: { $0.key < $1.key }) {
            guard let option = known.first(where: { $0.name == key }) else {
                let list = known.isEmpty ? "it has no options" : "known options: \(known.map(\.name).joined(separator: ", "))"
                throw Refused(.badOption, "--set \(key): kind '\(definition.kind)' has no such option; \(list)")
            }
            if remote, !option.settableThroughAgent {
                throw Refused(.badOption, "--set \(key): this option can't be set through an agent; use --local")
            }
            options = options.setting(key, to: text, at: SourceLocation(path: "--set \(key)"))
        }
        let notes = SettingsReader.Notes()
        let changed = definition.with(options: options)
        kinds.checkOptions(of: changed, notes: notes)
        guard !notes.hasErrors else {
            throw Refused(.badOption, notes.diagnostics.map { "\($0.location): \($0.sentence)" }.joined(separator: "\n"))
        }
        return changed
    }

    private func choose(_ definition: ProbeDefinition, _ target: String?, _ request: InvokeRequest, answer: inout InvokeResults)
        -> [ProbeKey]
    {
        switch definition.scope {
        case .organization: return [ProbeKey(identity: definition.identity, server: "")]
        case .server(let role):
            return chooseServers(role, request, answer: &answer).map { ProbeKey(identity: definition.identity, server: $0) }
        case .targets:
            guard definition.enabled else { return [ProbeKey(identity: definition.identity, server: "")] }
            do throws(Refused) { return try chooseTargets(definition, target, request, answer: &answer) } catch {
                answer.refusals.append(error.refusal)
                return []
            }
        }
    }

    /// All addresses of the named target; without a name, the first target.
    private func chooseTargets(
        _ definition: ProbeDefinition, _ target: String?, _ request: InvokeRequest, answer: inout InvokeResults
    ) throws(Refused) -> [ProbeKey] {
        let name = definition.identity.description.replacing("\\", with: "/")
        guard request.servers.isEmpty else {
            throw Refused(.unknownServer, "probe '\(name)' applies to targets, not to servers: omit --server and specify \(name)/TARGET")
        }
        let keys = roster.keys(of: definition)
        guard let target else {
            guard let first = keys.first?.identity else {
                throw Refused(.notDefined, "probe '\(name)' currently has no targets: its definition and its target lists are empty")
            }
            if request.allServers { return keys }
            let count = Set(keys.map(\.identity)).count
            if count > 1 { answer.notes.append("note: 1 of \(count) targets; specify one as \(name)/TARGET, or --all-servers to run all") }
            return keys.filter { $0.identity == first }
        }
        do throws(NoSuchTarget) { return try self.keys(of: definition, at: target) } catch {
            throw Refused(.unknownProbe, error.description)
        }
    }

    private func chooseServers(_ role: Server.Role, _ request: InvokeRequest, answer: inout InvokeResults) -> [String] {
        let eligible = plan.configuration.organization.servers.filter { $0.roles.contains(role) }.map(\.name)
        if request.allServers, !eligible.isEmpty { return eligible }
        guard !request.servers.isEmpty else {
            guard let first = eligible.first else {
                answer.refusals.append(.init(.unknownServer, "Cannot find a \(role.rawValue) server in the current site."))
                return []
            }
            if eligible.count > 1 { answer.notes.append("note: 1 of \(eligible.count) servers; --all-servers runs the rest") }
            return [first]
        }
        var chosen: [String] = []
        for name in request.servers {
            if let server = plan.configuration.organization.server(named: name) {
                if !chosen.contains(server.name) { chosen.append(server.name) }
            } else {
                let known = plan.configuration.organization.servers.map(\.name)
                let list = known.isEmpty ? "no servers are configured" : "configured servers: \(known.joined(separator: ", "))"
                answer.refusals.append(.init(.unknownServer, server: name, "no server '\(name)' is configured; \(list)"))
            }
        }
        return chosen
    }
}
