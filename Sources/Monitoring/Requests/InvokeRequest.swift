package import FoundationEssentials
package import Probing

/// The request of `agent invoke`: run one probe now, on some servers.
package struct InvokeRequest: OrderDocument {
    package enum CodingKeys: String, CodingKey, CaseIterable { case probe, servers, allServers, timeoutSeconds, set, at }

    /// `HealthSet\Name[\Target]`, `Name`, or the kind's name, with `\` or `/` as separator.
    package var probe: String
    /// Server names; empty means the first Mailbox server, unless `allServers` is set.
    package var servers: [String]
    package var allServers: Bool
    /// The limit for the whole run of each probe; nil means the definition's timeout.
    package var timeoutSeconds: Double?
    /// Options of the kind for this run only.
    package var set: [String: String]
    /// The date to judge validity at; nil means now.
    package var at: Date?

    package init(
        probe: String, servers: [String] = [], allServers: Bool = false, timeoutSeconds: Double? = nil,
        set: [String: String] = [:], at: Date? = nil
    ) {
        self.probe = probe
        self.servers = servers
        self.allServers = allServers
        self.timeoutSeconds = timeoutSeconds
        self.set = set
        self.at = at
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        probe = try container.decode(String.self, forKey: .probe)
        servers = try container.decodeIfPresent([String].self, forKey: .servers) ?? []
        allServers = try container.decodeIfPresent(Bool.self, forKey: .allServers) ?? false
        timeoutSeconds = try container.decodeIfPresent(Double.self, forKey: .timeoutSeconds)
        set = try container.decodeIfPresent([String: String].self, forKey: .set) ?? [:]
        at = try container.decodeIfPresent(Date.self, forKey: .at)
        guard !probe.isEmpty else { throw DecodingError.dataCorruptedError(forKey: .probe, in: container, debugDescription: "a name") }
        guard timeoutSeconds.map({ $0 > 0 && $0 <= 86400 }) ?? true else {
            throw DecodingError.dataCorruptedError(forKey: .timeoutSeconds, in: container, debugDescription: "0 to 86400")
        }
    }
}

/// The outcome of an invocation: a result for each place where the probe ran, a refusal for each where it could not run.
package struct InvokeResults: Sendable {
    /// Why the probe did not run; `server` is empty if that does not depend on a server.
    package struct Refusal: Codable, Sendable {
        /// What was refused.
        package enum Kind: String, Codable, Sendable {
            case unknownProbe, unknownServer, notDefined, badOption
        }

        package var kind: Kind
        package var server: String
        package var sentence: String

        package init(_ kind: Kind, server: String = "", _ sentence: String) {
            self.kind = kind
            self.server = server
            self.sentence = sentence
        }
    }

    /// Sorted by key.
    package var results: [ProbeResult]
    package var refusals: [Refusal]
    /// For standard error: `note: 1 of 6 servers; --all-servers runs the rest`.
    package var notes: [String]

    package init(results: [ProbeResult] = [], refusals: [Refusal] = [], notes: [String] = []) {
        self.results = results
        self.refusals = refusals
        self.notes = notes
    }
}
