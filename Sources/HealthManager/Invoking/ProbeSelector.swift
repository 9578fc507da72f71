/// Finds the definition a person means: `HealthSet\Name`, `HealthSet/Name`, `Name`, or the kind's name, in any case; for definitions with
/// targets also one of those, after a further separator: `HealthSet/Name/https://mail.fabrikam.com/owa`.
package struct ProbeSelector: Sendable {
    private let definitions: [ProbeDefinition]
    private let listed: @Sendable (ProbeDefinition) -> [String]

    /// - Parameter listed: the targets of a definition, where they are known: a spelling without separators can only be told by them.
    package init(_ definitions: [ProbeDefinition], listed: @escaping @Sendable (ProbeDefinition) -> [String] = { _ in [] }) {
        self.definitions = definitions
        self.listed = listed
    }

    package enum Selection: Sendable {
        /// With the text after it where one was written, as it was: a target, perhaps.
        case one(ProbeDefinition, target: String?)
        /// One sentence that lists what was perhaps meant.
        case none(String)
    }

    package func select(_ text: String) -> Selection {
        let wanted = text.lowercased().replacing("/", with: "\\")
        for spelling in [identity, bareName, withoutSeparators, kind] as [(ProbeDefinition) -> String] {
            if let found = choose(definitions.filter { spelling($0) == wanted }.map { ($0, nil) }, text) { return found }
        }
        // What follows the separator is a target's text whole: it holds slashes of its own.
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
        return found.isEmpty ? nil : .none("'\(text)' means several probes: \(list(found.map { documented($0.definition) }))")
    }

    private func nearest(_ text: String) -> String {
        guard !definitions.isEmpty else { return "there is no probe '\(text)': no probe is defined at all" }
        let names = Dictionary(definitions.flatMap { [($0.identity.name, $0), (documented($0), $0)] }) { first, _ in first }
        var near: [String] = []
        for name in NearestName.ranked(names.keys, to: text.replacing("\\", with: "/")) {
            if let definition = names[name], !near.contains(documented(definition)) { near.append(documented(definition)) }
        }
        let all = definitions.map(documented).sorted()
        return near.isEmpty
            ? "there is no probe '\(text)'; defined are: \(list(all))"
            : "there is no probe '\(text)'; nearest: \(list(Array(near.prefix(3))))"
    }

    private func identity(_ definition: ProbeDefinition) -> String { definition.identity.folded }
    private func bareName(_ definition: ProbeDefinition) -> String { definition.identity.name.lowercased() }
    private func kind(_ definition: ProbeDefinition) -> String { definition.kind.lowercased() }

    /// As a shell leaves it that has eaten the backslash.
    private func withoutSeparators(_ definition: ProbeDefinition) -> String { definition.identity.folded.replacing("\\", with: "") }

    /// With a slash: no shell eats that.
    private func documented(_ definition: ProbeDefinition) -> String { definition.identity.description.replacing("\\", with: "/") }

    private func list(_ names: [String]) -> String { names.joined(separator: ", ") }
}
