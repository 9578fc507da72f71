import API
import ArgumentParser
import FoundationEssentials
import Monitoring
import Transfers

struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Show past results, state transitions, responder attempts and decisions, newest first.")

    @Argument(help: "A probe, monitor, health set or responder (default: all).", completion: .name(of: .subject)) var subject: String?
    @Option(help: "Only this server.", completion: .name(of: .server)) var server: String?
    @Option(help: ArgumentHelp("How far back, such as 24h or 30d.", valueName: "duration")) var since = "24h"
    @Option(help: "Only records of this type: result, transition, attempt or decision.") var type: HistoryQuery.Sort?
    /// The earlier name of `--type`.
    @Option(help: .hidden) var sort: HistoryQuery.Sort?
    @Option(help: "Maximum number of records.") var limit = 100
    @OptionGroup var output: OutputOptions
    @OptionGroup var control: ControlOptions

    func run() async throws {
        let back = try Decision.seconds(since, of: "--since")
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit must be from 1 to 10000") }
        let query = [
            ("subject", subject), ("server", server), ("since", Date().addingTimeInterval(-back).formatted(.iso8601)),
            ("sort", (type ?? sort)?.rawValue), ("limit", String(limit + 1)),
        ]
        var records = try await control.require { agent throws(ControlClient.Unreachable) in
            try await agent.call(Endpoints.history, query)
        }
        if records.count > limit {
            // One more than the limit was requested to detect this.
            records.removeLast()
            Console.note("note: only the newest \(limit) records are shown: use a higher --limit or a shorter --since")
        }
        try output.print(records) { records.isEmpty ? "no records in this period" : Self.table(records) }
    }

    private static func table(_ records: [HistoryRecord]) -> String {
        TextTable(
            header: ["TIME", "SUBJECT", "SERVER", "EVENT", "REASON", "DETAILS"],
            rows: records.map { [$0.at.formatted(.iso8601), $0.subject, $0.server, $0.what, $0.reason ?? "", $0.sentence] }
        ).text
    }
}

extension HistoryQuery.Sort: ExpressibleByArgument {}
