package import FoundationEssentials
import Probing

/// The event passed to a responder: the body of a webhook, the standard input of a command. Its keys are a public interface.
package struct ResponderEvent: Sendable, Hashable, Codable {
    /// `degraded`, `unhealthy` or `recovered`.
    package var trigger: String
    /// `HealthSet\Monitor[\Target]`.
    package var monitor: String
    package var healthSet: String
    /// `HealthSet\Probe[\Target]`.
    package var probe: String
    /// Empty for organization-wide and target probes.
    package var server: String
    package var target: String?
    package var address: String?
    package var severity: String
    package var reason: String?
    package var sentence: String
    package var remedy: String?
    /// The other probe that monitors the root cause; nil if there is none.
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
        remedy = episode.remedy
        cause = episode.cause?.description
        thumbprint = episode.thumbprint
        began = episode.began
        ended = episode.ended
        self.episode = episode.id
    }

    /// Every key, and its value as text; empty if the value is nil.
    private static let texts: [(name: String, value: @Sendable (ResponderEvent) -> String)] = [
        ("trigger", { $0.trigger }), ("monitor", { $0.monitor }), ("healthSet", { $0.healthSet }), ("probe", { $0.probe }),
        ("server", { $0.server }), ("target", { $0.target ?? "" }), ("address", { $0.address ?? "" }), ("severity", { $0.severity }),
        ("reason", { $0.reason ?? "" }), ("sentence", { $0.sentence }), ("remedy", { $0.remedy ?? "" }), ("cause", { $0.cause ?? "" }),
        ("thumbprint", { $0.thumbprint ?? "" }), ("began", { $0.began.formatted(.iso8601) }),
        ("ended", { $0.ended?.formatted(.iso8601) ?? "" }), ("episode", { $0.episode.uuidString }),
    ]

    /// The keys of `fields`, which a command's arguments may refer to.
    package static let placeholders = texts.map(\.name)

    /// Every key and its value as text, in a fixed order; empty if the value is nil.
    package var fields: [(name: String, value: String)] { Self.texts.map { ($0.name, $0.value(self)) } }
}
