package import FoundationEssentials

/// What a responder is told: the body of a webhook, the standard input of a command. Its keys are promised to others.
package struct ResponderEvent: Sendable, Hashable, Codable {
    /// `degraded`, `unhealthy` or `recovered`.
    package var trigger: String
    /// `HealthSet\Monitor[\Target]`.
    package var monitor: String
    package var healthSet: String
    /// `HealthSet\Probe[\Target]`.
    package var probe: String
    /// Empty for what is the organization's, or a target's.
    package var server: String
    package var target: String?
    package var address: String?
    package var severity: String
    package var reason: String?
    package var sentence: String
    package var remedy: String?
    /// The probe that watches the root cause, where another one does.
    package var cause: String?
    package var thumbprint: String?
    package var began: Date
    package var ended: Date?
    package var episode: UUID

    package init(_ trigger: Responder.Trigger, _ episode: Episode) {
        let key = episode.key
        self.trigger = trigger.rawValue
        monitor = key.identity.description
        healthSet = episode.healthSet
        probe = key.probe.identity.description
        server = episode.server
        target = episode.target
        address = episode.address.isEmpty ? nil : episode.address
        severity = episode.severity.rawValue
        reason = episode.reason?.rawValue
        sentence = episode.sentence
        remedy = episode.reason?.remedy
        cause = episode.cause?.description
        thumbprint = episode.thumbprint
        began = episode.began
        ended = episode.ended
        self.episode = episode.id
    }

    /// The keys of `fields`, as a command's arguments may name them.
    package static let placeholders = [
        "trigger", "monitor", "healthSet", "probe", "server", "target", "address", "severity", "reason", "sentence", "remedy", "cause",
        "thumbprint", "began", "ended", "episode",
    ]

    /// Every key and its value as text, in the order above; empty where there is none.
    package var fields: [(name: String, value: String)] {
        [
            ("trigger", trigger), ("monitor", monitor), ("healthSet", healthSet), ("probe", probe), ("server", server),
            ("target", target ?? ""), ("address", address ?? ""), ("severity", severity), ("reason", reason ?? ""),
            ("sentence", sentence), ("remedy", remedy ?? ""), ("cause", cause ?? ""), ("thumbprint", thumbprint ?? ""),
            ("began", began.formatted(.iso8601)), ("ended", ended?.formatted(.iso8601) ?? ""), ("episode", episode.uuidString),
        ]
    }
}
