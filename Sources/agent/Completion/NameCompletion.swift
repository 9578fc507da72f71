import API
import ArgumentParser
import Monitoring
import ProbeFiles
import Probing
import Transfers

/// What a shell offers for an argument that names something of the running agent.
///
/// Nothing is offered, and nothing printed, if no agent answers within a second: the user is in the middle of a command line.
enum NameCompletion: Sendable {
    case probe, monitor, server, serverOrAll, healthSet
    /// A probe or a monitor.
    case item
    /// An item that has an override.
    case overridden
    /// A probe, a monitor or a health set.
    case subject
    /// A probe, a monitor, a kind or a reason.
    case explained

    private static let deadline: Duration = .seconds(1)

    var kind: CompletionKind {
        let complete: @Sendable ([String], Int, String) async -> [String] = { words, _, prefix in
            let found = await names(KnownAgent(words: words), prefix: prefix)
            // zsh takes what follows a colon for a description.
            return CompletionShell.requesting == .zsh ? found.map { $0.replacing(":", with: "\\:") } : found
        }
        return .custom(complete)
    }

    /// - Parameter prefix: the word up to the cursor. The targets of a probe are offered only after its name.
    private func names(_ agent: KnownAgent?, prefix: String) async -> [String] {
        switch self {
        case .probe: Self.offered(await agent?.probes() ?? [], prefix)
        case .monitor: Self.offered(await agent?.monitors() ?? [], prefix)
        case .server: await agent?.servers() ?? []
        case .serverOrAll: (await agent?.servers() ?? []) + ["*"]
        case .healthSet: await agent?.healthSets() ?? []
        case .item: Self.offered(await agent?.items() ?? [], prefix)
        case .overridden: Self.unique((await agent?.overrides() ?? []).map { $0.identity.replacing("\\", with: "/") })
        case .subject: Self.offered(await agent?.items() ?? [], prefix) + (await agent?.healthSets() ?? [])
        case .explained: Self.offered(await agent?.items() ?? [], prefix) + Self.words
        }
    }

    /// The names that are known without an agent.
    private static var words: [String] {
        let kinds = (try? Transfers.open()).map {
            Composition.kinds(transfers: $0, stateDirectory: nil, ownsState: false, logger: LogFormat.silent).names
        }
        return Reason.allCases.map(\.rawValue) + (kinds ?? [])
    }

    /// `HealthSet/Name`; also the name alone once it has begun, and `HealthSet/Name/Target` once the target is to be named.
    private static func offered(_ items: [Item], _ prefix: String) -> [String] {
        let targets = items.filter { $0.target != nil && prefix.lowercased().hasPrefix($0.text.lowercased() + "/") }
        guard targets.isEmpty else { return unique(targets.map { "\($0.text)/\($0.target ?? "")" }) }
        return unique(items.map(\.text)) + (prefix.isEmpty || prefix.contains("/") ? [] : unique(items.map(\.name)))
    }

    /// Each text once, in the order of its first appearance.
    fileprivate static func unique(_ texts: [String]) -> [String] {
        var seen: Set<String> = []
        return texts.filter { seen.insert($0).inserted }
    }

    /// A probe or a monitor, for one of its targets.
    private struct Item {
        var healthSet: String
        var name: String
        var target: String?

        var text: String { "\(healthSet)/\(name)" }
    }

    /// The agent that a command line addresses.
    private struct KnownAgent {
        private let client: ControlClient

        /// Nil if it is not known where an agent could be.
        init?(words: [String]) {
            guard let transfers = try? Transfers.open() else { return nil }
            if let target = Self.value(of: "--agent", in: words) {
                client = ControlClient(transfers: transfers, target: target)
                return
            }
            let config = Self.value(of: "--config", in: words).map { ["--config", $0] } ?? []
            guard let files = (try? CommonOptions.parse(config))?.filesFound(modules: nil, overrides: ConfigurationOverrides()),
                let settings = try? files.daemonSettings()
            else { return nil }
            client = ControlClient(transfers: transfers, target: settings.controlSocketPath)
        }

        private static func value(of option: String, in words: [String]) -> String? {
            let joined = words.last { $0.hasPrefix(option + "=") }?.dropFirst(option.count + 1)
            let separate = words.lastIndex(of: option).flatMap { words.indices.contains($0 + 1) ? words[$0 + 1] : nil }
            return joined.map(String.init) ?? separate
        }

        private func ask<Answer>(_ endpoint: Endpoint<NoBody, Answer>) async -> Answer? {
            try? await client.call(endpoint, deadline: NameCompletion.deadline)
        }

        private func documents() async -> [ProbeDocument] { await ask(Endpoints.probes) ?? [] }

        func probes() async -> [Item] {
            await documents().map { Item(healthSet: $0.healthSet, name: $0.probe, target: $0.target) }
        }

        func monitors() async -> [Item] {
            (await ask(Endpoints.health)?.monitors ?? []).map { Item(healthSet: $0.healthSet, name: $0.monitor, target: $0.target) }
                .sorted { ($0.text, $0.target ?? "") < ($1.text, $1.target ?? "") }
        }

        func items() async -> [Item] { await probes() + monitors() }

        func servers() async -> [String] { NameCompletion.unique(await documents().map(\.server).filter { !$0.isEmpty }) }

        func healthSets() async -> [String] { NameCompletion.unique(await documents().map(\.healthSet)) }

        func overrides() async -> [OverrideDocument] { await ask(Endpoints.overrides) ?? [] }
    }
}

extension CompletionKind {
    /// What a shell offers for the name of something that the running agent knows.
    static func name(of name: NameCompletion) -> CompletionKind { name.kind }
}
