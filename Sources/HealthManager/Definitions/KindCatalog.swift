/// The kinds an agent knows, by name.
package struct KindCatalog: Sendable {
    package let kinds: [any ProbeKind]

    package init(_ kinds: [any ProbeKind]) { self.kinds = kinds }

    package var names: [String] { kinds.map(\.name) }

    package func kind(named name: String) -> (any ProbeKind)? { kinds.first { $0.name == name } }

    /// Checks a definition's options without making anything.
    package func checkOptions(of definition: ProbeDefinition, notes: SettingsReader.Notes) {
        guard let kind = kind(named: definition.kind) else { return }
        _ = read(definition.options, by: kind, notes: notes)
    }

    /// Reads a kind's options once, for many places; problems go into the notes.
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

    /// What makes the probes of a definition; its options are read once for all of them.
    /// - Throws: where they fail to read (only `--set` can bring that here).
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
