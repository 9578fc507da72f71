/// Finds the definition a person means: `HealthSet\Name`, `HealthSet/Name`, `Name`, or the kind's name, in any case.
package struct ProbeSelector: Sendable {
    private let definitions: [ProbeDefinition]

    package init(_ definitions: [ProbeDefinition]) { self.definitions = definitions }

    package enum Selection: Sendable {
        case one(ProbeDefinition)
        /// One sentence that lists what was perhaps meant.
        case none(String)
    }

    package func select(_ text: String) -> Selection {
        let wanted = text.lowercased().replacing("/", with: "\\")
        for spelling in [identity, bareName, withoutSeparators, kind] as [(ProbeDefinition) -> String] {
            let found = definitions.filter { spelling($0) == wanted }
            if found.count == 1 { return .one(found[0]) }
            if found.count > 1 { return .none("'\(text)' means several probes: \(list(found.map(documented)))") }
        }
        guard !definitions.isEmpty else { return .none("there is no probe '\(text)': no probe is defined at all") }
        let names = Dictionary(definitions.flatMap { [($0.identity.name, $0), (documented($0), $0)] }) { first, _ in first }
        var near: [String] = []
        for name in NearestName.ranked(names.keys, to: text.replacing("\\", with: "/")) {
            if let definition = names[name], !near.contains(documented(definition)) { near.append(documented(definition)) }
        }
        let all = definitions.map(documented).sorted()
        return .none(
            near.isEmpty
                ? "there is no probe '\(text)'; defined are: \(list(all))"
                : "there is no probe '\(text)'; nearest: \(list(Array(near.prefix(3))))")
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
