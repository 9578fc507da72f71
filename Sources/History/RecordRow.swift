import FoundationEssentials
import HealthManager

/// An entry as a line of the past; an attempt has one line, whose outcome is its latest.
struct RecordRow {
    let record: HistoryRecord
    /// Tells the lines apart that are written anew.
    let key: String?

    init?(_ entry: JournalEntry) {
        switch entry {
        case .result(let result):
            let place = [result.key.server, result.key.address].filter { !$0.isEmpty }.joined(separator: " ")
            self.init(
                HistoryRecord(
                    at: result.end, sort: .result, subject: result.key.identity.description, server: place,
                    what: result.isWarning ? "\(result.type.name) (warning)" : result.type.name, reason: result.decisive?.reason.rawValue,
                    sentence: result.decisive?.sentence ?? "", durationSeconds: result.duration / .seconds(1),
                    sampleValue: result.outcome.sampleValue))
        case .transition(let change):
            self.init(
                HistoryRecord(
                    at: change.at, sort: .transition, subject: change.monitor, server: change.server,
                    what: "\(change.before.name) -> \(change.after.name)", reason: change.reason?.rawValue, sentence: change.sentence))
        case .attempt(let attempt):
            self.init(
                HistoryRecord(
                    at: attempt.at, sort: .attempt, subject: attempt.responder, server: attempt.server, what: attempt.outcome.rawValue,
                    sentence: "\(attempt.monitor), \(attempt.trigger)" + (attempt.detail.isEmpty ? "" : ": \(attempt.detail)")),
                key: attempt.id.uuidString)
        case .episode(let episode):
            guard let acknowledged = episode.acknowledged else { return nil }
            self.init(
                HistoryRecord(
                    at: acknowledged.at, sort: .decision, subject: "\(episode.healthSet)\\\(episode.monitor)", server: episode.server,
                    what: "acknowledged", sentence: Self.signed(acknowledged.by, acknowledged.comment)), key: "ack-" + episode.id.uuidString
            )
        case .override(let override):
            self.init(override, "\(override.property) set to \(override.value)", override.at, override.by, override.comment)
        case .overrideEnded(let override, let at, let why): self.init(override, "\(override.property) as configured again", at, why, "")
        case .maintenance(let maintenance):
            self.init(maintenance, "maintenance of \(maintenance.component)", maintenance.at, maintenance.by, maintenance.comment)
        case .maintenanceEnded(let maintenance, let at, let why):
            self.init(maintenance, "end of maintenance of \(maintenance.component)", at, why, "")
        }
    }

    private init(_ record: HistoryRecord, key: String? = nil) {
        self.record = record
        self.key = key
    }

    private init(_ override: Override, _ what: String, _ at: Date, _ by: String, _ comment: String) {
        self.init(
            HistoryRecord(
                at: at, sort: .decision, subject: override.identity, server: override.server ?? "", what: what,
                sentence: Self.signed(by, comment)))
    }

    private init(_ maintenance: Maintenance, _ what: String, _ at: Date, _ by: String, _ comment: String) {
        self.init(
            HistoryRecord(
                at: at, sort: .decision, subject: maintenance.requester, server: maintenance.server, what: what,
                sentence: Self.signed(by, comment)))
    }

    private static func signed(_ by: String, _ comment: String) -> String { comment.isEmpty ? by : "\(by): \(comment)" }
}
