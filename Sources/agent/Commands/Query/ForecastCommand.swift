import API
import ArgumentParser
import Documents
import FoundationEssentials
import HealthManager
import Monitoring
import Probing
import Transfers

struct ForecastCommand: AsyncParsableCommand {
    enum Form: String, ExpressibleByArgument, CaseIterable { case table, json, ics }

    static let configuration = CommandConfiguration(
        commandName: "forecast", abstract: "Show which probes will warn, fail or break, and when, from the certificates seen.",
        discussion:
            "Each line is the result of the probe as of that date ('agent invoke PROBE --at DATE'). --output ics writes a calendar file."
    )

    @Option(
        help: ArgumentHelp("End of the forecast: 2027-01-31, or a duration such as 180d (default: two years).", valueName: "date|duration"))
    var until: String?
    @Option(help: "Output format: table, json or ics.") var output: Form = .table
    @OptionGroup var client: ClientOptions
    @OptionGroup var common: CommonOptions
    @OptionGroup(visibility: .hidden) var daemon: DaemonOptions

    func run() async throws {
        let end = try until.map { text in
            let end = DurationText.parse(text).map { Date().addingTimeInterval($0.seconds) } ?? (try? Decision.date(text, of: "--until"))
            guard let end, end > Date() else {
                throw ValidationError("--until must be a future date or a duration (e.g. 180d), found '\(text)'")
            }
            return end
        }
        let forecast = try await forecast(until: end)
        for note in forecast.notes { Console.note("note: " + note) }
        switch output {
        case .json: Console.out(String(decoding: try JSONText.encode(forecast, pretty: true), as: UTF8.self))
        case .ics:
            Console.file(CalendarFile(forecast).text)
            if !forecast.today.isEmpty {
                Console.note(
                    "warning: \(forecast.today.count) problems exist today, which the calendar does not include: see 'agent forecast'")
            }
            if !forecast.unreached.isEmpty {
                Console.note(
                    "warning: \(forecast.unreached.count) probes could not be reached or judged and may be missing: see 'agent forecast'"
                )
            }
        case .table: printTables(forecast)
        }
    }

    private func printTables(_ forecast: Forecast) {
        if !forecast.today.isEmpty { Console.out("Today:\n" + Self.table(forecast.today, isDated: false) + "\n") }
        if forecast.events.isEmpty {
            let until = forecast.until.formatted(.iso8601)
            Console.out(
                forecast.unreached.isEmpty
                    ? "No changes until \(until), from the certificates seen." : "No changes are known until \(until).")
        } else {
            Console.out(Self.table(forecast.events, isDated: true))
        }
        if !forecast.unreached.isEmpty {
            Console.out("\nCould not be reached or judged, events may be missing above:\n" + Self.table(forecast.unreached))
        }
        var told: Set<String> = []
        for event in forecast.today + forecast.events {
            guard let reason = event.reason, let remedy = event.remedy, told.insert(remedy).inserted else { continue }
            Console.out("\n\(reason)\(event.thumbprint.map { " \($0)" } ?? ""): \(remedy)")
        }
    }

    private static func table(_ events: [ForecastEvent], isDated: Bool) -> String {
        let columns = ["CHANGE", "PROBE", "SERVERS", "REASON", isDated ? "DETAILS ON THAT DATE" : "DETAILS"]
        return TextTable(
            header: (isDated ? ["DATE"] : []) + columns,
            rows: Forecast.grouped(events).compactMap { events in
                guard let first = events.first else { return nil }
                let places = events.map(\.place).joined(separator: ", ")
                let cells = [first.change.rawValue, first.probe, places, first.reason ?? "", first.sentence]
                return (isDated ? [first.date.formatted(.iso8601)] : []) + cells
            }
        ).text
    }

    private static func table(_ gaps: [ForecastGap]) -> String {
        TextTable(header: ["PROBE", "SERVERS", "REASON", "DETAILS"], rows: gaps.map { [$0.probe, $0.place, $0.reason, $0.sentence] }).text
    }

    private func forecast(until end: Date?) async throws -> Forecast {
        let transfers = try Composition.transfers()
        let known = try await Progress.shown("computing the forecast") {
            try await client.ask(common, transfers) { control throws(ControlClient.Unreachable) in
                try await control.call(Endpoints.forecast, [("until", end?.formatted(.iso8601))])
            }
        }
        if let known { return known }
        Console.note("note: no agent is running; running every probe once in this process")
        var forecast: Forecast?
        try await RunCommand.guarded {
            let manager = try Composition.inProcess(try common.files(), transfers: transfers, logger: LogFormat.silent)
            forecast = await Progress.shown("computing the forecast") {
                await manager.lookAtTargets()
                await Forecaster(manager).runAll()
                return await Forecaster(manager).forecast(until: end)
            }
        }
        guard let forecast else { throw ExitCode(2) }
        return forecast
    }
}
