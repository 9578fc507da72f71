/// What responders have done since the agent started, for metrics and page.
package struct ResponderLedger: Sendable {
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
    /// Of an attempt's detail: a page shows its beginning, the journal has it all.
    private static let detailKept = 2048

    /// Attempts by responder and outcome; an action under way is not counted yet.
    package private(set) var counts: [Key: Int] = [:]
    /// Oldest first, as they stand now.
    package private(set) var latest: [Attempt] = []
    /// Changes nobody answered, because too many were waiting.
    package var dropped = 0

    package init() {}

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
