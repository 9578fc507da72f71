package import FoundationEssentials
package import Probing

/// Persists decisions, episodes, responder attempts and, for a limited time, every result.
///
/// Probing never waits for it and continues if it fails; only a request that changes a decision waits until it is persisted.
package protocol Journal: Sendable {
    /// Queues an entry and returns immediately. Entries that cannot be persisted are counted and reported in `facts`.
    func record(_ entry: JournalEntry)

    /// Returns when everything recorded before is on disk.
    /// - Throws: `JournalError` with one sentence; entries other than results stay queued and are written when that is possible again.
    func flush() async throws(JournalError)

    /// Writes one entry and returns when it is on disk.
    /// - Throws: `JournalError`; the entry is then discarded.
    func persist(_ entry: JournalEntry) async throws(JournalError)

    /// The matching records, newest first.
    func history(_ query: HistoryQuery) async throws(JournalError) -> [HistoryRecord]

    /// The shares of successful runs before a date, by `UptimeShares.name`; empty for a journal that keeps no results.
    func uptimes(at date: Date) async throws(JournalError) -> [String: UptimeShares]

    var facts: JournalFacts { get }
}

extension Journal {
    package func uptimes(at date: Date) async throws(JournalError) -> [String: UptimeShares] { [:] }
}

/// The journal could not be written or read; the description is one sentence.
package struct JournalError: Error, CustomStringConvertible {
    package let description: String
    package init(_ sentence: String) { description = sentence }
}

/// What the journal persists.
package enum JournalEntry: Sendable {
    case result(ProbeResult)
    /// The current state of an episode; replaces earlier entries with the same ID.
    case episode(Episode)
    /// A monitor's change of state.
    case transition(TransitionRecord)
    /// The current state of a responder's attempt; replaces earlier entries with the same ID.
    case attempt(Attempt)
    case override(Override)
    case overrideEnded(Override, at: Date, why: String)
    case maintenance(Maintenance)
    case maintenanceEnded(Maintenance, at: Date, why: String)
}

/// A monitor's change of state, as persisted.
package struct TransitionRecord: Sendable, Hashable, Codable {
    package var monitor: String
    package var server: String
    package var before: HealthState
    package var after: HealthState
    package var at: Date
    package var reason: Reason?
    package var sentence: String

    package init(_ transition: Transition) {
        monitor = transition.status.key.identity.description
        server = transition.status.key.probe.server
        before = transition.before
        after = transition.status.state
        at = transition.at
        guard after.isEpisode else {
            sentence = ""
            return
        }
        reason = transition.episode?.reason
        sentence = transition.episode?.sentence ?? ""
    }
}

/// What was persisted by an earlier process and is still relevant.
package struct RestoredState: Sendable {
    package var overrides: [Override] = []
    package var maintenance: [Maintenance] = []
    /// Open episodes, and recently ended ones.
    package var episodes: [Episode] = []
    /// The attempts of the last day, and all of these episodes.
    package var attempts: [Attempt] = []

    package init() {}
}

/// The state of the journal.
package struct JournalFacts: Sendable, Hashable {
    /// One sentence; nil if there is no problem.
    package var problem: String?
    /// Results that could not be persisted since the start.
    package var dropped = 0
    package var bytes = 0

    package init() {}
}

/// A journal that persists nothing, for processes other than the daemon.
package struct NoJournal: Journal {
    package init() {}
    package func record(_ entry: JournalEntry) {}
    package func flush() async throws(JournalError) {}
    package func persist(_ entry: JournalEntry) async throws(JournalError) {}
    package func history(_ query: HistoryQuery) async throws(JournalError) -> [HistoryRecord] {
        throw JournalError("this process keeps no history")
    }
    package var facts: JournalFacts { JournalFacts() }
}
