package import FoundationEssentials

/// Keeps what must outlive the process: decisions, episodes, attempts of responders, and for a time every result.
///
/// Losing it loses history, never probing: nothing here is waited for but by who asked for a decision to be kept.
package protocol Journal: Sendable {
    /// Takes an entry and returns at once; one that can't be kept is counted, and told in `facts`.
    func note(_ entry: JournalEntry)

    /// Returns once all that was noted before is on disk.
    /// - Throws: `NotKept` with one sentence; entries other than results are kept back and written when that is possible again.
    func settle() async throws(NotKept)

    /// Writes one entry that is worth nothing unless it is kept.
    /// - Throws: `NotKept`; the entry is then dropped.
    func keep(_ entry: JournalEntry) async throws(NotKept)

    /// What was noted, newest first.
    func history(_ query: HistoryQuery) async throws(NotKept) -> [HistoryRecord]

    var facts: JournalFacts { get }
}

package struct NotKept: Error, CustomStringConvertible {
    package let description: String
    package init(_ sentence: String) { description = sentence }
}

package enum JournalEntry: Sendable {
    case result(ProbeResult)
    /// An episode as it stands now; the latest of its id counts.
    case episode(Episode)
    /// A monitor's change of state.
    case transition(TransitionRecord)
    /// An attempt of a responder as it stands now; the latest of its id counts.
    case attempt(Attempt)
    case override(Override)
    case overrideEnded(Override, at: Date, why: String)
    case maintenance(Maintenance)
    case maintenanceEnded(Maintenance, at: Date, why: String)
}

/// A change of a monitor's state, for the record.
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

/// What an earlier process left in force.
package struct Carried: Sendable {
    package var overrides: [Override] = []
    package var maintenance: [Maintenance] = []
    /// Those under way, and those that ended a short while ago.
    package var episodes: [Episode] = []
    /// Of the last day, and of those episodes.
    package var attempts: [Attempt] = []

    package init() {}
}

package struct HistoryQuery: Sendable {
    package enum Sort: String, Sendable, CaseIterable, Codable { case result, transition, attempt, decision }

    /// A probe, monitor or responder: `HealthSet\Name[\Target]` or `Name`; a health set with all that is in it; nil is all.
    package var subject: String?
    package var server: String?
    package var since: Date?
    package var until: Date?
    package var sorts: [Sort] = Sort.allCases
    package var limit = 100

    package init() {}
}

/// One line of the past. Times are ISO-8601 UTC.
package struct HistoryRecord: Sendable, Hashable, Codable {
    package var at: Date
    package var sort: HistoryQuery.Sort
    /// `HealthSet\Name[\Target]`, or a responder's name.
    package var subject: String
    package var server: String
    /// `Failed`, `Healthy -> Degraded`, `sent`, `override added`.
    package var what: String
    package var reason: String?
    package var sentence: String
    package var durationSeconds: Double?
    package var sampleValue: Double?

    package init(
        at: Date, sort: HistoryQuery.Sort, subject: String, server: String, what: String, reason: String? = nil, sentence: String = "",
        durationSeconds: Double? = nil, sampleValue: Double? = nil
    ) {
        self.at = at
        self.sort = sort
        self.subject = subject
        self.server = server
        self.what = what
        self.reason = reason
        self.sentence = sentence
        self.durationSeconds = durationSeconds
        self.sampleValue = sampleValue
    }
}

/// How the journal fares.
package struct JournalFacts: Sendable, Hashable {
    /// Nil while all is well; else one sentence.
    package var problem: String?
    /// Results that could not be kept since the start.
    package var dropped = 0
    package var bytes = 0

    package init() {}
}

/// Keeps nothing: for a process that is no daemon.
package struct NoJournal: Journal {
    package init() {}
    package func note(_ entry: JournalEntry) {}
    package func settle() async throws(NotKept) {}
    package func keep(_ entry: JournalEntry) async throws(NotKept) {}
    package func history(_ query: HistoryQuery) async throws(NotKept) -> [HistoryRecord] { throw NotKept("no history is kept here") }
    package var facts: JournalFacts { JournalFacts() }
}
