import ArgumentParser
import FoundationEssentials
import HealthManager
import Transfers

struct ForecastCommand: AsyncParsableCommand {
    enum Form: String, ExpressibleByArgument, CaseIterable { case table, json, ics }

    static let configuration = CommandConfiguration(
        commandName: "forecast", abstract: "What will warn, fail and break, and when, by the certificates seen.",
        discussion:
            "Each line is what the probe says when it is asked about that day ('agent invoke PROBE --at DATE'). --output ics is for a calendar."
    )

    @Option(help: "How far: a date, or a duration such as 180d (default: two years).") var until: String?
    @Option(help: "table, json or ics.") var output: Form = .table
    @OptionGroup var client: ClientOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let end = try until.map { text in
            let end = try DurationText.parse(text).map { Date().addingTimeInterval($0.seconds) } ?? Decision.date(text, of: "--until")
            guard end > Date() else { throw ValidationError("--until takes a date to come, or a duration such as 180d, found '\(text)'") }
            return end
        }
        let forecast = try await forecast(until: end)
        for note in forecast.notes { Console.note("note: " + note) }
        switch output {
        case .json: Console.out(String(decoding: try JSONText.encode(forecast, pretty: true), as: UTF8.self))
        case .ics:
            Console.file(CalendarFile(forecast).text)
            if !forecast.unreached.isEmpty {
                Console.note(
                    "warning: \(forecast.unreached.count) probes could not be reached or judged, and may lack in this calendar: 'agent forecast' lists them"
                )
            }
        case .table:
            Console.out(Self.table(forecast))
            if !forecast.unreached.isEmpty {
                Console.out("\nNot reached or judged, and perhaps missing above:\n" + Self.table(forecast.unreached))
            }
        }
    }

    private static func table(_ forecast: Forecast) -> String {
        guard !forecast.events.isEmpty else {
            return "nothing changes until \(forecast.until.formatted(.iso8601)), by the certificates seen"
        }
        return TextTable(
            header: ["DATE", "CHANGE", "PROBE", "SERVERS", "REASON", "WHY"],
            rows: forecast.grouped.compactMap { events in
                guard let first = events.first else { return nil }
                let places = events.map(\.place).joined(separator: ", ")
                return [first.date.formatted(.iso8601), first.change.rawValue, first.probe, places, first.reason ?? "", first.sentence]
            }
        ).text
    }

    private static func table(_ gaps: [ForecastGap]) -> String {
        TextTable(header: ["PROBE", "SERVERS", "REASON", "WHY"], rows: gaps.map { [$0.probe, $0.place, $0.reason, $0.sentence] }).text
    }

    private func forecast(until end: Date?) async throws -> Forecast {
        let transfers = try Composition.transfers()
        let control = try client.client(common, transfers: transfers)
        let query = Query.text([("until", end?.formatted(.iso8601))])
        do throws(ControlClient.Unreachable) {
            return try await Progress.shown("asking each probe about each day") { () async throws(ControlClient.Unreachable) in
                try await control.document(Forecast.self, .get, "/api/v1/forecast" + query)
            }
        } catch {
            switch error {
            case .refused(let sentence): throw Console.failure(sentence)
            case .noAgent: Console.note("note: no agent runs here; every probe runs once in this process")
            }
        }
        var forecast: Forecast?
        try await RunCommand.guarded {
            let manager = try Composition.inProcess(try common.files(), transfers: transfers, logger: LogFormat.silent)
            forecast = await Progress.shown("asking each probe about each day") {
                await manager.lookAtTargets()
                await manager.runAll()
                return await manager.forecast(until: end)
            }
        }
        guard let forecast else { throw ExitCode(2) }
        return forecast
    }
}
