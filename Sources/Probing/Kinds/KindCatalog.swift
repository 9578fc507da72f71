/// The probe kinds available to the agent.
package struct KindCatalog: Sendable {
    package let kinds: [any ProbeKind]

    package init(_ kinds: [any ProbeKind]) { self.kinds = kinds }

    package var names: [String] { kinds.map(\.name) }

    /// The kind with exactly this name; nil if there is none.
    package func kind(named name: String) -> (any ProbeKind)? { kinds.first { $0.name == name } }

    /// Validates a definition's options without creating a probe; problems are added to `notes`. An unknown kind is ignored here.
    package func checkOptions(of definition: ProbeDefinition, notes: SettingsReader.Notes) {
        guard let kind = kind(named: definition.kind) else { return }
        _ = read(definition.options, by: kind, notes: notes)
    }

    /// Reads a kind's options once and returns a factory that creates the probe for any place. Problems with the options are added to
    /// `notes`; nil if the kind is unknown.
    package func prepare(
        _ kindName: String, options: Setting, notes: SettingsReader.Notes
    ) -> (@Sendable (Place) -> Discovery)? {
        kind(named: kindName).map { prepare($0, options: options, notes: notes) }
    }

    private func prepare<Kind: ProbeKind>(
        _ kind: Kind, options: Setting, notes: SettingsReader.Notes
    ) -> @Sendable (Place) -> Discovery {
        let options = read(options, by: kind, notes: notes)
        return { kind.discover(options, at: $0) }
    }

    /// The factory that creates the probes of a definition; the options are read once.
    /// - Throws: if the kind is unknown or the options are invalid, which can only happen after `--set`.
    package func maker(of definition: ProbeDefinition) throws(ConfigurationRefused) -> @Sendable (Place) -> Discovery {
        let notes = SettingsReader.Notes()
        guard let make = prepare(definition.kind, options: definition.options, notes: notes) else {
            throw ConfigurationRefused([Diagnostic(.error, at: definition.location, "unknown kind '\(definition.kind)'")])
        }
        guard !notes.hasErrors else { throw ConfigurationRefused(notes.diagnostics) }
        return make
    }

    private func read<Kind: ProbeKind>(_ options: Setting, by kind: Kind, notes: SettingsReader.Notes) -> Kind.Options {
        let reader = SettingsReader(options, what: "options of kind '\(kind.name)'", notes: notes)
        let options = kind.readOptions(reader)
        reader.finish()
        return options
    }
}
