/// The probe kinds available to the agent.
package struct KindCatalog: Sendable {
    package let kinds: [any ProbeKind]
    private let clearShared: @Sendable () async -> Void

    /// - Parameter clearShared: clears what several kinds share.
    package init(_ kinds: [any ProbeKind], clearShared: @escaping @Sendable () async -> Void = {}) {
        self.kinds = kinds
        self.clearShared = clearShared
    }

    /// Each name once, in the order of the kinds.
    package var names: [String] { kinds.map(\.name).reduce(into: []) { if !$0.contains($1) { $0.append($1) } } }

    /// The kinds with exactly this name: two if one checks the organization and one checks targets.
    package func kinds(named name: String) -> [any ProbeKind] { kinds.filter { $0.name == name } }

    /// Clears everything that kinds have cached from earlier runs.
    package func clearCaches() async {
        await clearShared()
        for kind in kinds { await kind.clearCaches() }
    }
}
