import API
import ArgumentParser
import Documents
import FoundationEssentials
import Monitoring
import Probing
import Transfers

struct MaintenanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maintenance", abstract: "Suppress alerts of a server, or of one health set on it; probes keep running.",
        discussion: "A component is inactive as long as any requester has maintenance on it; each requester ends its own.",
        subcommands: [Start.self, End.self, List.self])

    struct Start: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Start maintenance now, at a given time, or every week.",
            discussion: "Examples: --for 4h; --from 2027-03-01T22:00:00Z --for 6h; --weekly 'Sunday 02:00' --for 3h (UTC).")

        @Option(help: "The server; '*' for all servers and for health sets that belong to none.", completion: .name(of: .serverOrAll))
        var server: String
        @Option(help: "A health set (default: the whole server).", completion: .name(of: .healthSet)) var component: String?
        @Option(help: "Requester name.") var requester: String?
        @Option(name: .customLong("for"), help: ArgumentHelp("How long, such as 4h (default: until it is ended).", valueName: "duration"))
        var duration: String?
        @Option(help: "Start time, such as 2027-03-01T22:00:00Z.") var from: String?
        @Option(help: "Every week at this day and time in UTC, such as 'Sunday 02:00'.") var weekly: String?
        @Option(help: "Reason for the maintenance.") var comment: String?
        @OptionGroup var control: ControlOptions

        func run() async throws {
            var request = MaintenanceRequest(server: server, by: Decision.user)
            request.component = component
            request.requester = requester
            request.comment = comment
            request.seconds = try duration.map { try Decision.seconds($0, of: "--for") }
            request.from = try from.map { try Decision.date($0, of: "--from") }
            if let weekly {
                guard duration != nil else { throw ValidationError("--weekly requires --for") }
                (request.weekday, request.minute) = try Self.weekly(weekly)
            }
            let order = request
            let made = try await control.require { agent throws(ControlClient.Unreachable) in
                try await agent.call(Endpoints.startMaintenance, order)
            }
            Console.out("\(made.component) on \(made.server) \(made.since == nil ? "will be inactive" : "is inactive"): \(made.window)")
        }

        private static func weekly(_ text: String) throws -> (weekday: Int, minute: Int) {
            let days = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
            let words = text.lowercased().split(separator: " ")
            let clock = (words.last ?? "").split(separator: ":").map { Int($0) ?? -1 }
            guard words.count == 2, words[0].count >= 3, let day = days.firstIndex(where: { $0.hasPrefix(words[0]) }), clock.count == 2,
                (0..<24).contains(clock[0]), (0..<60).contains(clock[1])
            else { throw ValidationError("--weekly must be a day and a time (e.g. 'Sunday 02:00'), found '\(text)'") }
            return (day + 1, clock[0] * 60 + clock[1])
        }
    }

    struct End: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End the maintenance.")

        @Option(help: "The server, or '*'.", completion: .name(of: .serverOrAll)) var server: String
        @Option(help: "A health set (default: the whole server).", completion: .name(of: .healthSet)) var component: String?
        @Option(help: "Name of the requester that started it.") var requester: String?
        @OptionGroup var control: ControlOptions

        func run() async throws {
            let request = MaintenanceEnd(server: server, component: component, requester: requester, by: Decision.user)
            let over = try await control.require { agent throws(ControlClient.Unreachable) in
                try await agent.call(Endpoints.endMaintenance, request)
            }
            Console.out("\(over.component) on \(over.server): maintenance ended (requester \(over.requester))")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List active and planned maintenance.")

        @OptionGroup var output: OutputOptions
        @OptionGroup var control: ControlOptions

        func run() async throws {
            let entries = try await control.require { agent throws(ControlClient.Unreachable) in
                try await agent.call(Endpoints.maintenance)
            }
            try output.print(entries) {
                guard !entries.isEmpty else { return "no active or planned maintenance" }
                return TextTable(
                    header: ["SERVER", "COMPONENT", "REQUESTER", "STATE", "WINDOW", "BY", "COMMENT"],
                    rows: entries.map { entry in
                        // The document's `state` is that of the component, as in Exchange: Inactive during maintenance.
                        let state = entry.since == nil ? "Planned" : "In progress"
                        return [entry.server, entry.component, entry.requester, state, entry.window, entry.by, entry.comment]
                    }
                ).text
            }
        }
    }
}
