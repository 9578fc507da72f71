import Addresses
import FoundationEssentials

extension HealthManager {
    /// Runs one probe now on the servers or at the targets asked for, side by side, and answers for each: a result, or why there is none.
    ///
    /// Results are cached as scheduled ones are, except those of a run that was changed (`set`, `at`, a timeout).
    /// - Parameter remote: the request came from outside this process; options that could aim the agent elsewhere are then refused.
    package func invoke(_ request: InvokeRequest, remote: Bool) async -> InvokeAnswer {
        let original: ProbeDefinition
        let target: String?
        switch selector.select(request.probe) {
        case .one(let found, let text):
            original = found
            target = text
        case .none(let sentence): return InvokeAnswer(refusals: [.init(.unknownProbe, sentence)])
        }
        let definition: ProbeDefinition
        let make: (@Sendable (Place) -> Discovery)?
        do throws(Refused) {
            definition = try changed(original, request.set, remote: remote)
            make = request.set.isEmpty ? nil : try maker(of: definition)
        } catch {
            return InvokeAnswer(refusals: [error.refusal])
        }
        await lookIfPending(original)

        var answer = InvokeAnswer()
        var probes: [(key: ProbeKey, probe: any Probe)] = []
        for key in choose(definition, target, request, answer: &answer) {
            do throws(Refused) { probes.append((key, try probe(key, definition, make))) } catch {
                answer.refusals.append(error.refusal)
            }
        }
        let isRehearsal = !request.set.isEmpty || request.at != nil
        let isChanged = isRehearsal || request.timeoutSeconds != nil
        let timeout = request.timeoutSeconds.map { Duration.seconds($0) } ?? definition.timeout
        let life = currentLife
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
            if !isChanged { record(ended, life: life, definition: original) }
            answer.results.append(ResultDocument(ended.result))
        }
        return answer
    }

    var selector: ProbeSelector {
        ProbeSelector(plan.definitions, listed: { [targets] in targets.entries(of: $0).map(\.text) })
    }

    /// A definition may have a hundred thousand targets.
    private static let invokedAtOnce = 256

    /// Every probe that a definition asks for, defined or not, in the order of its identity and server.
    package func probeDocuments() -> [ProbeDocument] {
        let present = snapshot().probes.map { (key: $0.key, document: ProbeDocument($0)) }
        let absent = roster.absences.map { key, absence in
            let sentence = absence.why.because + " when the cache was built at " + absence.decided.formatted(.iso8601)
            return (key: key, document: ProbeDocument(key: key, definition: absence.definition, notDefined: sentence))
        }
        return (present + absent).sorted { $0.key < $1.key }.map(\.document)
    }

    private struct Refused: Error {
        var refusal: InvokeAnswer.Refusal

        init(_ kind: InvokeAnswer.Refusal.Kind, server: String = "", _ sentence: String) {
            refusal = .init(kind, server: server, sentence)
        }
    }

    private func maker(of definition: ProbeDefinition) throws(Refused) -> @Sendable (Place) -> Discovery {
        do throws(ConfigurationRefused) { return try kinds.maker(of: definition) } catch {
            throw Refused(.badOption, error.description)
        }
    }

    /// The probe that is there, or another made for one run.
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
        place.server = plan.configuration.server(named: key.server)
        place.target = member.target.map { Target($0) }
        switch make(place) {
        case .probe(let probe): return probe
        case .notDefined(let why): throw Refused(.notDefined, server: key.server, why.configured)
        }
    }

    private func role(_ definition: ProbeDefinition) -> String {
        switch definition.scope {
        case .server(let role): "it is for servers of role \(role.rawValue)"
        case .organization: "it is for the whole organization"
        case .targets: "it is for targets"
        }
    }

    /// The contract's sentence; it reads the files again to say whether a restart would change the answer.
    private func sentence(for key: ProbeKey, _ absence: Roster.Absence) -> String {
        let built = absence.decided.formatted(.iso8601)
        let today = (try? readPlan()).map {
            Roster($0, kinds: kinds, at: time.now, targets: targets, overrides: decisions.overrides)
        }
        let advice = today?.members[key] != nil ? "run 'agent restart'" : today?.absences[key]?.why.configured ?? "run 'agent check'"
        let place = key.server.isEmpty ? "" : " on \(key.server)"
        return "probe '\(key.identity)' is not defined\(place): \(absence.why.because) when the cache was built at \(built); \(advice)"
    }

    /// The definition with options of one run alone.
    private func changed(_ definition: ProbeDefinition, _ set: [String: String], remote: Bool) throws(Refused) -> ProbeDefinition {
        guard !set.isEmpty else { return definition }
        var options = definition.options
        let known = kinds.kind(named: definition.kind)?.guide.options ?? []
        for (key, text) in set.sorted(by: { $0.key < $1.key }) {
            guard let option = known.first(where: { $0.name == key }) else {
                let list = known.isEmpty ? "it has none" : "it has \(known.map(\.name).joined(separator: ", "))"
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

    private func choose(_ definition: ProbeDefinition, _ target: String?, _ request: InvokeRequest, answer: inout InvokeAnswer)
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

    /// A named target is all of its addresses; without one it is the first.
    private func chooseTargets(
        _ definition: ProbeDefinition, _ target: String?, _ request: InvokeRequest, answer: inout InvokeAnswer
    ) throws(Refused) -> [ProbeKey] {
        let name = definition.identity.description.replacing("\\", with: "/")
        guard request.servers.isEmpty else {
            throw Refused(.unknownServer, "probe '\(name)' is aimed at targets, not at servers: leave --server out and name \(name)/TARGET")
        }
        let keys = roster.keys(of: definition)
        guard let target else {
            guard let first = keys.first?.identity else {
                throw Refused(.notDefined, "probe '\(name)' has no target now: its definition and its lists name none")
            }
            if request.allServers { return keys }
            let count = Set(keys.map(\.identity)).count
            if count > 1 { answer.notes.append("note: 1 of \(count) targets; name one as \(name)/TARGET, or --all-servers runs all") }
            return keys.filter { $0.identity == first }
        }
        do throws(NoSuchTarget) { return try self.keys(of: definition, at: target) } catch {
            throw Refused(.unknownProbe, error.description)
        }
    }

    private func chooseServers(_ role: Server.Role, _ request: InvokeRequest, answer: inout InvokeAnswer) -> [String] {
        let eligible = plan.configuration.servers.filter { $0.roles.contains(role) }.map(\.name)
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
            if let server = plan.configuration.server(named: name) {
                if !chosen.contains(server.name) { chosen.append(server.name) }
            } else {
                let known = plan.configuration.servers.map(\.name)
                let list = known.isEmpty ? "none is configured" : "configured are: \(known.joined(separator: ", "))"
                answer.refusals.append(.init(.unknownServer, server: name, "no server '\(name)' is configured; \(list)"))
            }
        }
        return chosen
    }
}
