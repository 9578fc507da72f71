package import Addresses

/// What a definition of a target kind is aimed at: targets it names itself, and lists that name more.
package struct TargetList: Sendable, Hashable {
    /// Where targets are listed outside the definition.
    package struct Source: Sendable, Hashable {
        package enum Kind: Sendable, Hashable {
            /// Files of Prometheus's file_sd that a pattern matches.
            case files
            /// An answer of Prometheus's http_sd.
            case url
        }

        package var kind: Kind
        /// As the definition writes it, for people: `targets/*.json`. Of a URL, what may be shown.
        package var text: String
        /// The pattern with its folder, or the URL.
        package var place: String

        package init(_ kind: Kind, text: String, place: String) {
            self.kind = kind
            self.text = text
            self.place = place
        }
    }

    /// Most targets of one definition, and of one list.
    package static let limit = 100_000
    /// Most bytes of one list.
    package static let sizeLimit = 8 << 20
    package static let defaultRefresh: Duration = .seconds(30)
    package static let shortestRefresh: Duration = .seconds(1)

    /// Each once, in the order written.
    package var inline: [String]
    package var sources: [Source]
    /// How often lists and names are looked at again.
    package var refresh: Duration
    /// One probe for each address of a target's name.
    package var everyAddress: Bool

    package init(_ inline: [String], sources: [Source] = [], refresh: Duration = defaultRefresh, everyAddress: Bool = false) {
        self.inline = inline
        self.sources = sources
        self.refresh = refresh
        self.everyAddress = everyAddress
    }

    /// Whether what it stands for can change while the agent runs.
    var changes: Bool { everyAddress || !sources.isEmpty }

    /// Whether a look at it takes more than reading files.
    var needsNetwork: Bool { everyAddress || sources.contains { $0.kind == .url } }
}

/// One probe that a list asks for.
package struct TargetEntry: Sendable, Hashable {
    /// As listed; a URL may hold a login.
    package var text: String
    /// The text without a login, different for each target of its definition: its part of the probe's identity.
    package var name: String
    /// One of its host's addresses, where each has a probe of its own.
    package var address: NetworkAddress?

    package init(_ text: String, name: String? = nil, address: NetworkAddress? = nil) {
        self.text = text
        self.name = name ?? URLRedaction.target(text)
        self.address = address
    }
}

/// How one source of a definition's targets is, for log, page and metrics.
package struct TargetListFact: Sendable, Hashable {
    package var definition: ProbeIdentity
    /// As the definition writes it; `everyAddress` for the look-up of names.
    package var source: String
    /// One sentence; nil where all is well. The last good list stays in force meanwhile.
    package var problem: String?

    package static let addresses = "everyAddress"
    /// For a definition whose sources list too many targets together.
    package static let together = "targets"

    package init(definition: ProbeIdentity, source: String, problem: String?) {
        self.definition = definition
        self.source = source
        self.problem = problem
    }
}
