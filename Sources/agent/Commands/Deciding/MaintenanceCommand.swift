import ArgumentParser
import FoundationEssentials
import HealthManager
import Transfers

struct MaintenanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maintenance", abstract: "Keep measuring, stop alerting: a server, or one health set on it.",
        discussion: "A component is inactive while any requester says so, and only that requester can end its own.",
        subcommands: [Start.self, End.self, List.self])

    struct Start: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Now, from a time on, or every week.",
            discussion: "Examples: --for 4h; --from 2027-03-01T22:00:00Z --for 6h; --weekly 'Sunday 02:00' --for 3h (UTC).")

        @Option(help: "The server; '*' is every one, and what belongs to none.") var server: String
        @Option(help: "A health set; the whole server where left out.") var component: String?
        @Option(help: "In whose name.") var requester: String?
        @Option(name: .customLong("for"), help: "For how long; until it is ended where left out.") var duration: String?
        @Option(help: "When it begins: 2027-03-01T22:00:00Z.") var from: String?
        @Option(help: "Every week at that day and time, in UTC: 'Sunday 02:00'.") var weekly: String?
        @Option(help: "Why.") var comment: String?
        @OptionGroup var client: ClientOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            var request = MaintenanceRequest(server: server, by: Decision.user)
            request.component = component
            request.requester = requester
            request.comment = comment
            request.seconds = try duration.map(Decision.seconds)
            request.from = try from.map { try Decision.date($0, of: "--from") }
            if let weekly {
                guard duration != nil else { throw ValidationError("--weekly needs --for") }
                (request.weekday, request.minute) = try Self.weekly(weekly)
            }
            let order = request
            var made: MaintenanceDocument?
            try await client.require(common) { control throws(ControlClient.Unreachable) in
                made = try await control.document(MaintenanceDocument.self, .post, "/api/v1/maintenance", order)
            }
            if let made {
                Console.out(
                    "\(made.component) on \(made.server) is \(made.since == nil ? "still active, and will be inactive" : "inactive"): \(made.window)"
                )
            }
        }

        private static func weekly(_ text: String) throws -> (weekday: Int, minute: Int) {
            let days = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
            let words = text.lowercased().split(separator: " ")
            let clock = (words.last ?? "").split(separator: ":").map { Int($0) ?? -1 }
            guard words.count == 2, words[0].count >= 3, let day = days.firstIndex(where: { $0.hasPrefix(words[0]) }), clock.count == 2,
                (0..<24).contains(clock[0]), (0..<60).contains(clock[1])
            else { throw ValidationError("--weekly takes a day and a time, such as 'Sunday 02:00', found '\(text)'") }
            return (day + 1, clock[0] * 60 + clock[1])
        }
    }

    struct End: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Alert again.")

        @Option(help: "The server, or '*'.") var server: String
        @Option(help: "A health set; the whole server where left out.") var component: String?
        @Option(help: "In whose name it was started.") var requester: String?
        @OptionGroup var client: ClientOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let request = MaintenanceEnd(server: server, component: component, requester: requester, by: Decision.user)
            var over: MaintenanceDocument?
            try await client.require(common) { control throws(ControlClient.Unreachable) in
                over = try await control.document(MaintenanceDocument.self, .post, "/api/v1/maintenance/end", request)
            }
            if let over { Console.out("\(over.component) on \(over.server): \(over.requester) holds it inactive no more") }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Those in force, and those to come.")

        @Flag(help: "As JSON.") var json = false
        @OptionGroup var client: ClientOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            var entries: [MaintenanceDocument] = []
            try await client.require(common) { control throws(ControlClient.Unreachable) in
                entries = try await control.document([MaintenanceDocument].self, .get, "/api/v1/maintenance")
            }
            if json { return Console.out(String(decoding: try JSONText.encode(entries, pretty: true), as: UTF8.self)) }
            guard !entries.isEmpty else { return Console.out("nothing is in maintenance") }
            Console.out(
                TextTable(
                    header: ["SERVER", "COMPONENT", "REQUESTER", "STATE", "WINDOW", "BY", "COMMENT"],
                    rows: entries.map { entry in
                        // The document's state is the component's, as in Exchange: Inactive while the maintenance is in force.
                        let state = entry.since == nil ? "Planned" : "In force"
                        return [entry.server, entry.component, entry.requester, state, entry.window, entry.by, entry.comment]
                    }
                ).text)
        }
    }
}
