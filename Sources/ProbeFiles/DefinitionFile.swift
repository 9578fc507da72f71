import Probing

/// Reads one probe definition and checks every key; the options are checked by the kind.
struct DefinitionFile {
    static let shortestInterval: Duration = .milliseconds(100)

    let kinds: KindCatalog
    let notes: SettingsReader.Notes

    func definition(_ setting: Setting) -> ProbeDefinition? {
        let before = errors
        let reader = SettingsReader(setting, what: "a probe definition", notes: notes)
        let healthSet = name(reader, "healthSet")
        let name = name(reader, "name")
        let kind = kind(reader)
        let summary = reader.string("summary") ?? ""
        let scope =
            kind.flatMap { $0.aim == .targets ? .targets(TargetSettings(reader, kind: $0).list) : nil }
            ?? scope(reader, isKindKnown: kind != nil)
        let every = reader.duration("every") ?? .seconds(300)
        let timeout = reader.duration("timeout") ?? min(.seconds(30), every)
        let retries = reader.integer("retries", in: 0...10) ?? 0
        let enabled = reader.bool("enabled") ?? true
        let options = reader.setting("options") ?? .empty(at: reader.location)
        let monitors = MonitorSettings(notes: notes).monitors(reader)
        reader.finish()
        if every < Self.shortestInterval { reader.error("'every' must be at least 100ms", at: reader.location(of: "every")) }
        if timeout > every {
            reader.error(
                "'timeout' (\(DurationText.format(timeout))) must not be longer than 'every' (\(DurationText.format(every)))",
                at: reader.location(of: reader.has("timeout") ? "timeout" : "every"))
        }
        guard let healthSet, let name, let kind else { return nil }
        let configured = ConfiguredKind(kind, options: options)
        notes.diagnostics += configured.diagnostics.map { namingOtherKinds($0, than: kind) }
        let definition = ProbeDefinition(
            identity: ProbeIdentity(healthSet: healthSet, name: name), kind: configured, summary: summary, scope: scope, every: every,
            timeout: timeout, retries: retries, enabled: enabled, monitors: monitors, location: setting.location)
        return errors == before ? definition : nil
    }

    private var errors: Int { notes.diagnostics.count { $0.severity == .error } }

    private func name(_ reader: SettingsReader, _ key: String) -> String? {
        guard let text = reader.required(key, what: "a probe definition") else { return nil }
        guard !text.isEmpty, !text.contains(where: { "\\/".contains($0) || $0.isWhitespace }) else {
            reader.error("'\(key)' must be a name without spaces and slashes, found '\(text)'", at: reader.location(of: key))
            return nil
        }
        return text
    }

    private func kind(_ reader: SettingsReader) -> (any ProbeKind)? {
        guard let kind = reader.required("kind", what: "a probe definition") else { return nil }
        // Of two kinds with one name, the targets tell which is meant.
        let aim: KindAim = TargetSettings.keys.contains(where: reader.has) ? .targets : .organization
        let known = kinds.kinds(named: kind)
        if let meant = known.first(where: { $0.aim == aim }) ?? known.first { return meant }
        let near = NearestName.among(kinds.names, to: kind).map { ", did you mean '\($0)'?" } ?? ""
        reader.error(
            "unknown kind '\(kind)'\(near.isEmpty ? "; known kinds: \(kinds.names.sorted().joined(separator: ", "))" : near)",
            at: reader.location(of: "kind"))
        return nil
    }

    /// - Parameter isKindKnown: if not, whether it has targets is not known either.
    private func scope(_ reader: SettingsReader, isKindKnown: Bool) -> ProbeDefinition.Scope {
        enum Word: String, CaseIterable { case server, organization }
        for key in TargetSettings.keys where reader.has(key) {
            _ = reader.setting(key)
            guard isKindKnown else { continue }
            reader.error(
                "'\(key)' is only for kinds with targets, this kind probes the servers of agent.yaml: remove it",
                at: reader.location(of: key))
        }
        let word = reader.choice("scope", Word.self) ?? .server
        let role = reader.choice("role", Server.Role.self)
        guard word == .organization else { return .server(role: role ?? .mailbox) }
        if role != nil { reader.error("'role' has no meaning with scope organization: remove it", at: reader.location(of: "role")) }
        return .organization
    }

    /// Says of an unknown option which other kind has it.
    private func namingOtherKinds(_ diagnostic: Diagnostic, than kind: any ProbeKind) -> Diagnostic {
        var diagnostic = diagnostic
        // First the other kind of the same name.
        for other in kinds.kinds(named: kind.name) + kinds.kinds.filter({ $0.name != kind.name })
        where other.name != kind.name || other.aim != kind.aim {
            let owned = other.guide.options.first { diagnostic.sentence.hasPrefix("unknown key '\($0.name)'") }
            guard let owned else { continue }
            diagnostic.sentence =
                other.name == kind.name
                ? "'\(owned.name)' is an option of kind '\(kind.name)' \(other.aim == .targets ? "with" : "without") 'targets'"
                : "'\(owned.name)' is an option of kind '\(other.name)', this probe is of kind '\(kind.name)'"
        }
        return diagnostic
    }
}
