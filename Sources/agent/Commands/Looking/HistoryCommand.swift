import ArgumentParser
import FoundationEssentials
import HealthManager
import Transfers

struct HistoryCommand: AsyncParsableCommand {
    enum Form: String, ExpressibleByArgument, CaseIterable { case table, json }

    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "What was: results, changes of state, attempts of responders, decisions; newest first.")

    @Argument(help: "A probe, a monitor, a health set or a responder; all where left out.") var subject: String?
    @Option(help: "Only this server.") var server: String?
    @Option(help: "How far back, such as 24h or 30d.") var since = "24h"
    @Option(help: "Only one sort: result, transition, attempt or decision.") var sort: HistoryQuery.Sort?
    @Option(help: "At most so many lines.") var limit = 100
    @Option(help: "table or json.") var output: Form = .table
    @OptionGroup var client: ClientOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        guard let back = DurationText.parse(since), back > .zero else {
            throw ValidationError("--since takes a duration such as 24h or 30d")
        }
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit takes 1 to 10000") }
        let query = Query.text([
            ("subject", subject), ("server", server), ("since", Date().addingTimeInterval(-back.seconds).formatted(.iso8601)),
            ("sort", sort?.rawValue), ("limit", String(limit + 1)),
        ])
        var records: [HistoryRecord] = []
        try await client.require(common) { control throws(ControlClient.Unreachable) in
            records = try await control.document([HistoryRecord].self, .get, "/api/v1/history" + query)
        }
        if records.count > limit {
            // One more was asked for to know that.
            records.removeLast()
            Console.note("note: there are more; these are the newest \(limit): a higher --limit or a shorter --since shows the rest")
        }
        switch output {
        case .json: Console.out(String(decoding: try JSONText.encode(records, pretty: true), as: UTF8.self))
        case .table: Console.out(records.isEmpty ? "nothing is known of that time" : Self.table(records))
        }
    }

    private static func table(_ records: [HistoryRecord]) -> String {
        TextTable(
            header: ["TIME", "SUBJECT", "SERVER", "WHAT", "REASON", "WHY"],
            rows: records.map { [$0.at.formatted(.iso8601), $0.subject, $0.server, $0.what, $0.reason ?? "", $0.sentence] }
        ).text
    }
}

extension HistoryQuery.Sort: ExpressibleByArgument {}
