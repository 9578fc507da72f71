package import FoundationEssentials
import Probing

/// One attempt of a responder, or the reason why it did not act.
package struct Attempt: Sendable, Hashable, Codable {
    /// How it ended.
    package enum Outcome: String, Sendable, Hashable, Codable {
        /// Started, and not known to have ended. Recorded before the action, so that it is counted even if the process dies.
        case begun
        case succeeded, failed
        /// Not started, because of throttling, maintenance or an acknowledgement.
        case refused
    }

    package var id: UUID
    package var responder: String
    /// `HealthSet\Monitor[\Target]`.
    package var monitor: String
    /// The server, or the target if the monitor has no server.
    package var server: String
    package var episode: UUID
    package var trigger: String
    package var at: Date
    package var outcome: Outcome
    /// Why it was refused, the response or output, or how it failed.
    package var detail: String
    /// Whether it failed without any effect, so that it may be retried. Nil, as written by older agents, means false.
    package var isUndone: Bool?

    /// Whether its trigger reports a problem and not its recovery.
    package var isOfTrouble: Bool { Responder.Trigger(rawValue: trigger).map(Responder.Trigger.ofTrouble.contains) ?? false }

    /// Whether somebody was notified of a problem by it, or may have been.
    package var hasToldOfTrouble: Bool { outcome != .refused && isUndone != true && isOfTrouble }

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

    package init(of responder: Responder, on event: ResponderEvent, _ outcome: Outcome, at date: Date, _ detail: String = "") {
        self.init(
            responder: responder.name, monitor: event.monitor, server: event.server.isEmpty ? event.target ?? "" : event.server,
            episode: event.episode, trigger: event.trigger, at: date, outcome: outcome, detail: detail)
    }
}
