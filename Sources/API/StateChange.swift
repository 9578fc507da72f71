package import FoundationEssentials
package import Monitoring
import Probing

/// The document of one change of a monitor's state, for `/api/v1/events`.
package struct StateChange: Sendable, Codable {
    /// `HealthSet\Monitor[\Target]`.
    package var monitor: String
    /// Empty for a monitor of the whole organization or of a target.
    package var server: String
    /// States by name: `Healthy`.
    package var before: String
    package var after: String
    package var at: Date
    /// Absent, like the sentence, if no episode is open.
    package var reason: String?
    package var sentence: String?

    package init(_ transition: Transition) {
        let record = TransitionRecord(transition)
        monitor = record.monitor
        server = record.server
        before = record.before.name
        after = record.after.name
        at = record.at
        reason = record.reason?.rawValue
        sentence = record.sentence.isEmpty ? nil : record.sentence
    }
}
