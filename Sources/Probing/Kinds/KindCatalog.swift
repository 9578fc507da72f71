/// The probe kinds available to the agent.
package struct KindCatalog: Sendable {
    package let kinds: [any ProbeKind]
    private let clearShared: @Sendable () async -> Void

    /// - Parameter clearShared: clears what several kinds share.
    package init(_ kinds: [any ProbeKind], clearShared: @escaping @Sendable () async -> Void = {}) {
        self.kinds = kinds
        self.clearShared = clearShared
    }

    package var names: [String] { kinds.map(\.name) }

    /// The kind with exactly this name; nil if there is none.
    package func kind(named name: String) -> (any ProbeKind)? { kinds.first { $0.name == name } }

    /// Clears everything that kinds have cached from earlier runs.
    package func clearCaches() async {
        await clearShared()
        for kind in kinds { await kind.clearCaches() }
    }
}
