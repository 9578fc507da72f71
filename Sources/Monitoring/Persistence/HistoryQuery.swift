package import FoundationEssentials

/// Selects history records. `since` and `until` are both inclusive bounds of the record's time; nil means unbounded.
package struct HistoryQuery: Sendable {
    /// The type of a record.
    package enum Sort: String, Sendable, CaseIterable, Codable { case result, transition, attempt, decision }

    /// A probe, monitor or responder (`HealthSet\Name[\Target]` or `Name`), or a health set with everything in it; nil means all.
    package var subject: String?
    package var server: String?
    package var since: Date?
    package var until: Date?
    package var sorts: [Sort] = Sort.allCases
    package var limit = 100

    package init() {}
}

/// One record of the history. Times are encoded as ISO 8601 in UTC.
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
