package import FoundationEssentials

/// What `agent invoke` asks for: one probe, now, on some servers.
package struct InvokeRequest: OrderDocument {
    package enum CodingKeys: String, CodingKey, CaseIterable { case probe, servers, allServers, timeoutSeconds, set, at }

    /// `HealthSet\Name[\Target]`, `Name`, or the kind's name; `\` or `/`.
    package var probe: String
    /// Names of servers; empty means the first Mailbox server, unless `allServers`.
    package var servers: [String]
    package var allServers: Bool
    /// Bounds the whole run of each probe; nil is the definition's own.
    package var timeoutSeconds: Double?
    /// Options of the kind, for this run alone.
    package var set: [String: String]
    /// Judge as if it were that day.
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

/// What comes back: a result for each server where the probe ran, a sentence for each where it could not.
package struct InvokeAnswer: Codable, Sendable {
    package struct Refusal: Codable, Sendable {
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

    package var results: [ResultDocument]
    package var refusals: [Refusal]
    /// For standard error: `note: 1 of 6 servers; --all-servers runs the rest`.
    package var notes: [String]

    package init(results: [ResultDocument] = [], refusals: [Refusal] = [], notes: [String] = []) {
        self.results = results
        self.refusals = refusals
        self.notes = notes
    }
}
