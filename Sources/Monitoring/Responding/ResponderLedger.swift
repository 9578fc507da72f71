import Probing

/// Statistics of responders since the agent started, for metrics and the status page.
package struct ResponderLedger: Sendable {
    /// What attempts are counted by.
    package struct Key: Sendable, Hashable, Comparable {
        package let responder: String
        package let outcome: Attempt.Outcome

        package init(responder: String, outcome: Attempt.Outcome) {
            self.responder = responder
            self.outcome = outcome
        }

        package static func < (left: Key, right: Key) -> Bool {
            (left.responder, left.outcome.rawValue) < (right.responder, right.outcome.rawValue)
        }
    }

    private static let latestKept = 100
    /// Maximum number of characters of an attempt's detail; the journal has all of it.
    private static let detailKept = 2048

    /// Attempts by responder and outcome; running actions are not counted yet.
    package private(set) var counts: [Key: Int] = [:]
    /// The latest 100 attempts in their current state, oldest first.
    package private(set) var latest: [Attempt] = []
    /// State changes that were discarded because too many were queued.
    package var dropped = 0
    /// Nil if this agent runs responders without a lock file.
    package var leadership: LeadershipFacts?

    package init() {}

    /// Adds an attempt, or updates the one with the same ID.
    package mutating func note(_ attempt: Attempt) {
        if attempt.outcome != .begun { counts[Key(responder: attempt.responder, outcome: attempt.outcome), default: 0] += 1 }
        var attempt = attempt
        attempt.detail = String(attempt.detail.prefix(Self.detailKept))
        if let index = latest.lastIndex(where: { $0.id == attempt.id }) {
            latest[index] = attempt
        } else {
            latest.append(attempt)
            if latest.count > Self.latestKept { latest.removeFirst() }
        }
    }
}
