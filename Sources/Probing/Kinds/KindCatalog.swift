/// The probe kinds available to the agent.
package struct KindCatalog: Sendable {
    package let kinds: [any ProbeKind]

    package init(_ kinds: [any ProbeKind]) { self.kinds = kinds }

    package var names: [String] { kinds.map(\.name) }

    /// The kind with exactly this name; nil if there is none.
    package func kind(named name: String) -> (any ProbeKind)? { kinds.first { $0.name == name } }
}
