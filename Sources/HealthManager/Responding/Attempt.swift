package import FoundationEssentials

/// One time a responder acted, or was kept from it.
package struct Attempt: Sendable, Hashable, Codable {
    package enum Outcome: String, Sendable, Hashable, Codable {
        /// Begun, and not known to have ended: noted before the action, so that a process that dies has counted it.
        case begun
        case succeeded, failed
        /// Not begun: the throttle, a maintenance, an acknowledgement.
        case refused
    }

    package var id: UUID
    package var responder: String
    /// `HealthSet\Monitor[\Target]`.
    package var monitor: String
    /// Or the target, where the monitor is of one.
    package var server: String
    package var episode: UUID
    package var trigger: String
    package var at: Date
    package var outcome: Outcome
    /// Why it was refused, what it answered, how it failed.
    package var detail: String
    /// It failed without anything done or anybody told: it is made again while that helps. Nil is no, as older agents wrote it.
    package var isUndone: Bool?

    /// Whether it told of a trouble, not of its end.
    var isOfTrouble: Bool { Responder.Trigger(rawValue: trigger).map(Responder.Trigger.ofTrouble.contains) ?? false }

    package init(
        id: UUID = UUID(), responder: String, monitor: String, server: String, episode: UUID, trigger: String, at: Date, outcome: Outcome,
        detail: String = ""
    ) {
        self.id = id
        self.responder = responder
        self.monitor = monitor
        self.server = server
        self.episode = episode
        self.trigger = trigger
        self.at = at
        self.outcome = outcome
        self.detail = detail
    }
}
