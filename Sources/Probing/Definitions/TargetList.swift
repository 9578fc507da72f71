package import Addresses

/// The targets of a definition of a target kind: those written inline, and external sources that list more.
package struct TargetList: Sendable, Hashable {
    /// An external source of targets.
    package struct Source: Sendable, Hashable {
        /// How it is read.
        package enum Kind: Sendable, Hashable {
            /// Prometheus file_sd files that match a glob pattern.
            case files
            /// A URL that serves Prometheus http_sd.
            case url
        }

        package var kind: Kind
        /// For display, as written in the definition: `targets/*.json`; for a URL, without credentials.
        package var text: String
        /// The pattern, relative to the working directory and not to the definition; or the URL.
        package var place: String

        package init(_ kind: Kind, text: String, place: String) {
            self.kind = kind
            self.text = text
            self.place = place
        }
    }

    /// The maximum number of targets of one definition, and of one list.
    package static let limit = 100_000
    /// The maximum size of one list, in bytes.
    package static let sizeLimit = 8 << 20
    package static let defaultRefresh: Duration = .seconds(30)
    package static let shortestRefresh: Duration = .seconds(1)

    /// Without duplicates, in the order written.
    package var inline: [String]
    package var sources: [Source]
    /// How often sources are read and names are resolved again.
    package var refresh: Duration
    /// Whether every address a target's name resolves to gets its own probe.
    package var everyAddress: Bool

    package init(_ inline: [String], sources: [Source] = [], refresh: Duration = defaultRefresh, everyAddress: Bool = false) {
        self.inline = inline
        self.sources = sources
        self.refresh = refresh
        self.everyAddress = everyAddress
    }

    /// Whether the set of targets can change while the agent runs.
    package var changes: Bool { everyAddress || !sources.isEmpty }

    /// Whether refreshing the list takes network access and not only reading files.
    package var needsNetwork: Bool { everyAddress || sources.contains { $0.kind == .url } }
}

/// One target of a list, which gets one probe.
package struct TargetEntry: Sendable, Hashable {
    /// As listed; a URL may contain credentials.
    package var text: String
    /// The text without credentials, unique within the definition: the target part of the probe's identity.
    package var name: String
    /// The address of the host to probe, if every address has its own probe; otherwise nil.
    package var address: NetworkAddress?

    package init(_ text: String, name: String? = nil, address: NetworkAddress? = nil) {
        self.text = text
        self.name = name ?? URLRedaction.target(text)
        self.address = address
    }

    package static func == (left: TargetEntry, right: TargetEntry) -> Bool {
        ExactText(left.text) == ExactText(right.text) && ExactText(left.name) == ExactText(right.name) && left.address == right.address
    }
}

/// The state of one target source of a definition, for the log, the status page and metrics.
package struct TargetListFact: Sendable, Hashable {
    package var definition: ProbeIdentity
    /// As written in the definition; `everyAddress` for name resolution.
    package var source: String
    /// One sentence, or nil if there is no problem. While there is one, the last valid list stays in use.
    package var problem: String?

    package static let addresses = "everyAddress"
    /// The `source` used when all sources of a definition together list too many targets.
    package static let together = "targets"

    package init(definition: ProbeIdentity, source: String, problem: String?) {
        self.definition = definition
        self.source = source
        self.problem = problem
    }
}
