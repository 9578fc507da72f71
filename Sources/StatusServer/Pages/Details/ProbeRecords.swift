import FoundationEssentials
import HealthManager
import Monitoring
import Probing

/// What the history says of one probe.
struct ProbeRecords: Sendable {
    struct Transition: Sendable {
        let changedAt: PageTime
        let changedMonitor: String
        let change: String
        /// How long the state before it lasted; empty where that is not known.
        let lasted: String
    }

    struct Failure: Sendable {
        let failedAt: PageTime
        let failureState: String
        let failure: String
        let failureReason: String?
        /// The ID of the run, if it is kept.
        let failureRun: String?
        let failureSentence: String
    }

    private static let mostResults = 5000
    private static let mostRows = 20

    /// The newest first, within the window of the plot.
    private(set) var results: [HistoryRecord] = []
    /// The newest first.
    private var changes: [HistoryRecord] = []
    /// One sentence if the history cannot be read.
    private(set) var problem: String?

    init(_ probe: ProbeState, within window: PlotWindow, in health: HealthManager) async {
        let journal = JournalReader(health)
        var query = HistoryQuery()
        query.subject = probe.key.identity.description
        query.server = probe.key.server.isEmpty ? nil : probe.key.server
        query.since = health.now - window.seconds
        (query.sorts, query.limit) = ([.result], Self.mostResults)
        do {
            results = try await journal.history(query)
            (query.sorts, query.since, query.limit) = ([.transition], nil, Self.mostRows + 1)
            for monitor in probe.monitors {
                query.subject = monitor.key.identity.description
                changes += try await journal.history(query)
            }
            changes.sort { $0.at > $1.at }
        } catch { problem = error.description }
    }

    func transitions(at now: Date) -> [Transition] {
        changes.prefix(Self.mostRows).enumerated().map { index, change in
            let before = changes[(index + 1)...].first { $0.subject == change.subject }
            return Transition(
                changedAt: PageTime(change.at, at: now),
                changedMonitor: change.subject.split(separator: "\\").dropFirst().first.map(String.init) ?? "",
                change: change.what.replacing("->", with: "→"),
                lasted: before.map { PageTime.length(max(change.at.timeIntervalSince($0.at), 0)) } ?? "")
        }
    }

    /// - Parameter kept: runs that have pages of their own.
    func failures(at now: Date, kept: [ProbeResult]) -> [Failure] {
        results.lazy.filter { $0.what != ResultType.succeeded.name }.prefix(Self.mostRows).map { record in
            Failure(
                failedAt: PageTime(record.at, at: now), failureState: Standing(record).rawValue, failure: record.what,
                failureReason: record.reason, failureRun: kept.first { record.isOf($0) }?.requestID.description,
                failureSentence: record.sentence)
        }
    }
}

/// The time that the plot of a probe shows.
enum PlotWindow: String, Sendable, CaseIterable {
    case day = "24h"
    case week = "7d"
    case month = "30d"

    var seconds: Double {
        switch self {
        case .day: 86400
        case .week: 7 * 86400
        case .month: 30 * 86400
        }
    }

    var label: String {
        switch self {
        case .day: "24 h"
        case .week: "7 d"
        case .month: "30 d"
        }
    }
}

extension HistoryRecord {
    /// Whether it says of this run how it ended; times are kept in milliseconds.
    fileprivate func isOf(_ result: ProbeResult) -> Bool { what == result.type.name && abs(at.timeIntervalSince(result.end)) < 0.001 }
}
