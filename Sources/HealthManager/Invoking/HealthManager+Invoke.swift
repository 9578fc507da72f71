import FoundationEssentials

extension HealthManager {
    /// Runs one probe now on the servers asked for, side by side, and answers for each: a result, or why there is none.
    ///
    /// Results are cached as scheduled ones are, except those of a run that was changed (`set`, `at`, a timeout).
    /// - Parameter remote: the request came from outside this process; options that could aim the agent elsewhere are then refused.
    package func invoke(_ request: InvokeRequest, remote: Bool) async -> InvokeAnswer {
        var definition: ProbeDefinition
        switch ProbeSelector(plan.definitions).select(request.probe) {
        case .one(let found): definition = found
        case .none(let sentence): return InvokeAnswer(refusals: [.init(.unknownProbe, sentence)])
        }
        let original = definition
        if let refusal = apply(request.set, to: &definition, remote: remote) { return InvokeAnswer(refusals: [refusal]) }

        var answer = InvokeAnswer()
        let servers = chooseServers(for: definition, request, answer: &answer)
        let isRehearsal = !request.set.isEmpty || request.at != nil
        let isChanged = isRehearsal || request.timeoutSeconds != nil
        let life = currentLife
        var runs: [(server: String, result: ProbeResult?)] = []
        await withTaskGroup(of: (String, ProbeResult?).self) { group in
            for server in servers {
                let key = ProbeKey(identity: definition.identity, server: server)
                switch probe(key, definition: definition, isChanged: !request.set.isEmpty) {
                case .refused(let refusal): answer.refusals.append(refusal)
                case .probe(let probe):
                    let timeout = request.timeoutSeconds.map { Duration.seconds($0) } ?? definition.timeout
                    group.addTask { [runner, definition] in
                        let result = await runner.run(
                            probe, key: key, kind: definition.kind, retries: definition.retries, timeout: timeout, at: request.at,
                            isRehearsal: isRehearsal)
                        return (server, result)
                    }
                }
            }
            for await run in group { runs.append(run) }
        }
        for run in runs.sorted(by: { $0.server < $1.server }) {
            guard let result = run.result else { continue }
            if !isChanged { record(result, life: life, definition: original) }
            answer.results.append(ResultDocument(result))
        }
        return answer
    }

    /// Every probe that a definition asks for, defined or not, in the order of its identity and server.
    package func probeDocuments() -> [ProbeDocument] {
        let present = snapshot().probes.map { (key: $0.key, document: ProbeDocument($0)) }
        let absent = roster.absences.map { key, absence in
            let sentence = absence.why.because + " when the cache was built at " + absence.decided.formatted(.iso8601)
            return (key: key, document: ProbeDocument(definition: absence.definition, server: key.server, notDefined: sentence))
        }
        return (present + absent).sorted { $0.key < $1.key }.map(\.document)
    }

    private enum Lookup {
        case probe(any Probe)
        case refused(InvokeAnswer.Refusal)
    }

    private func probe(_ key: ProbeKey, definition: ProbeDefinition, isChanged: Bool) -> Lookup {
        if let absence = roster.absences[key] { return .refused(.init(.notDefined, server: key.server, sentence(for: key, absence))) }
        guard let member = roster.members[key] else {
            return .refused(
                .init(
                    .notDefined, server: key.server, "probe '\(definition.identity)' is not defined on \(key.server): \(role(definition))"))
        }
        guard isChanged else { return .probe(member.probe) }
        do throws(ConfigurationRefused) {
            switch try kinds.discover(definition, at: plan.place(plan.configuration.server(named: key.server))) {
            case .probe(let probe): return .probe(probe)
            case .notDefined(let why): return .refused(.init(.notDefined, server: key.server, why.configured))
            }
        } catch {
            return .refused(.init(.badOption, server: key.server, error.description))
        }
    }

    private func role(_ definition: ProbeDefinition) -> String {
        if case .server(let role) = definition.scope { return "it is for servers of role \(role.rawValue)" }
        return "it is for the whole organization"
    }

    /// The contract's sentence; it reads the files again to say whether a restart would change the answer.
    private func sentence(for key: ProbeKey, _ absence: Roster.Absence) -> String {
        let built = absence.decided.formatted(.iso8601)
        let today = (try? readPlan()).map { Roster($0, kinds: kinds, at: time.now) }
        let advice = today?.members[key] != nil ? "run 'agent restart'" : today?.absences[key]?.why.configured ?? "run 'agent check'"
        return
            "probe '\(key.identity)' is not defined on \(key.server): \(absence.why.because) when the cache was built at \(built); \(advice)"
    }

    private func apply(_ set: [String: String], to definition: inout ProbeDefinition, remote: Bool) -> InvokeAnswer.Refusal? {
        let known = kinds.kind(named: definition.kind)?.guide.options ?? []
        for (key, text) in set.sorted(by: { $0.key < $1.key }) {
            guard let option = known.first(where: { $0.name == key }) else {
                let list = known.isEmpty ? "it has none" : "it has \(known.map(\.name).joined(separator: ", "))"
                return .init(.badOption, "--set \(key): kind '\(definition.kind)' has no such option; \(list)")
            }
            if remote, !option.settableThroughAgent {
                return .init(.badOption, "--set \(key): this option can't be set through an agent; use --local")
            }
            definition.options = definition.options.setting(key, to: text, at: SourceLocation(path: "--set \(key)"))
        }
        let notes = SettingsReader.Notes()
        kinds.checkOptions(of: definition, notes: notes)
        return notes.hasErrors ? .init(.badOption, notes.diagnostics.map { "\($0.location): \($0.sentence)" }.joined(separator: "\n")) : nil
    }

    private func chooseServers(for definition: ProbeDefinition, _ request: InvokeRequest, answer: inout InvokeAnswer) -> [String] {
        guard case .server(let role) = definition.scope else { return [""] }
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
