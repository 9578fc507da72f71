import Exposition
import Monitoring
import Probing

/// Overrides, maintenance and acknowledgements as a page.
struct DecisionsPage: Sendable {
    struct Record: Sendable {
        let when: PageTime
        let what: String
        let subject: String
        let server: String?
        let details: String
    }

    static let mostRecords = 100

    let frame: PageFrame
    let hasBanners: Bool
    let banners: [Banner]
    /// Why the history cannot be read.
    let problem: String?
    let hasRecords: Bool
    let records: [Record]
    let commands: [String]

    /// - Parameter history: of decisions, the newest first.
    init(_ snapshot: Snapshot, history: Result<[HistoryRecord], JournalError>, build: BuildInformation) {
        frame = PageFrame(title: "Decisions", root: "./", standing: .waiting, snapshot: snapshot, build: build)
        banners = Banner.all(overrides: snapshot.overrides, maintenance: snapshot.maintenance, at: snapshot.taken)
        hasBanners = !banners.isEmpty
        switch history {
        case .success(let found):
            problem = nil
            records = found.map { record in
                Record(
                    when: PageTime(record.at, at: snapshot.taken), what: record.what, subject: record.subject,
                    server: record.server.isEmpty ? nil : record.server, details: record.sentence)
            }
        case .failure(let error): (problem, records) = (error.description, [])
        }
        hasRecords = !records.isEmpty
        let command = CommandText(snapshot.agent)
        commands = [
            ["maintenance", "start", "--server", "SERVER", "--for", "2h", "--comment", "WHY"],
            ["override", "add", "PROBE", "every", "10m", "--for", "1d", "--comment", "WHY"],
            ["acknowledge", "MONITOR", "--server", "SERVER", "--comment", "WHAT IS BEING DONE"],
        ].map(command.agent)
    }
}
