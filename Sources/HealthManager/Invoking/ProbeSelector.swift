package import Probing

/// Finds a definition by user input: `HealthSet\Name`, `HealthSet/Name`, `Name`, or the kind's name, ignoring case; for definitions with
/// targets, one of these and a target, after another separator: `HealthSet/Name/https://mail.fabrikam.com/owa`.
package struct ProbeSelector: Sendable {
    private let definitions: [ProbeDefinition]
    private let listed: @Sendable (ProbeDefinition) -> [String]

    /// - Parameter listed: returns the known targets of a definition, which are needed to match an input without separators.
    package init(_ definitions: [ProbeDefinition], listed: @escaping @Sendable (ProbeDefinition) -> [String] = { _ in [] }) {
        self.definitions = definitions
        self.listed = listed
    }

    /// The result of `select`.
    package enum Selection: Sendable {
        /// The definition, and the text after its name as written, if any: a target that may not exist.
        case one(ProbeDefinition, target: String?)
        /// No match, or several: one sentence that lists similar or matching names.
        case none(String)
    }

    /// The definition the text names, if exactly one matches.
    package func select(_ text: String) -> Selection {
        let wanted = text.lowercased().replacing("/", with: "\\")
        for spelling in [identity, bareName, withoutSeparators, kind] as [(ProbeDefinition) -> String] {
            if let found = choose(definitions.filter { spelling($0) == wanted }.map { ($0, nil) }, text) { return found }
        }
        // Everything after the separator is the target, which may contain slashes.
        for spelling in [identity, bareName, kind] as [(ProbeDefinition) -> String] {
            let found = aimed.filter { wanted.hasPrefix(spelling($0) + "\\") }
            if let found = choose(found.map { ($0, String(text.dropFirst(spelling($0).count + 1))) }, text) { return found }
        }
        let eaten = aimed.compactMap { definition -> Match? in
            let prefix = withoutSeparators(definition)
            guard wanted.hasPrefix(prefix) else { return nil }
            let rest = text.lowercased().dropFirst(prefix.count)
            return listed(definition).first { $0.lowercased() == rest }.map { (definition, $0) }
        }
        return choose(eaten, text) ?? .none(nearest(text))
    }

    private typealias Match = (definition: ProbeDefinition, target: String?)

    private var aimed: [ProbeDefinition] { definitions.filter { $0.targets != nil } }

    private func choose(_ found: [Match], _ text: String) -> Selection? {
        if found.count == 1 { return .one(found[0].definition, target: found[0].target) }
        return found.isEmpty ? nil : .none("'\(text)' matches several probes: \(list(found.map { documented($0.definition) }))")
    }

    private func nearest(_ text: String) -> String {
        guard !definitions.isEmpty else { return "there is no probe '\(text)': no probes are defined" }
        let names = Dictionary(definitions.flatMap { [($0.identity.name, $0), (documented($0), $0)] }) { first, _ in first }
        var near: [String] = []
        for name in NearestName.ranked(names.keys, to: text.replacing("\\", with: "/")) {
            if let definition = names[name], !near.contains(documented(definition)) { near.append(documented(definition)) }
        }
        let all = definitions.map(documented).sorted()
        return near.isEmpty
            ? "there is no probe '\(text)'; defined probes: \(list(all))"
            : "there is no probe '\(text)'; similar names: \(list(Array(near.prefix(3))))"
    }

    private func identity(_ definition: ProbeDefinition) -> String { definition.identity.folded }
    private func bareName(_ definition: ProbeDefinition) -> String { definition.identity.name.lowercased() }
    private func kind(_ definition: ProbeDefinition) -> String { definition.kind.name.lowercased() }

    /// The identity without separators, as after a shell has removed the backslashes.
    private func withoutSeparators(_ definition: ProbeDefinition) -> String { definition.identity.folded.replacing("\\", with: "") }

    /// The identity with slashes, which need no quoting in a shell.
    private func documented(_ definition: ProbeDefinition) -> String { definition.identity.description.replacing("\\", with: "/") }

    private func list(_ names: [String]) -> String { names.joined(separator: ", ") }
}
