import API
import ArgumentParser
import Documents
import FoundationEssentials
import Monitoring
import Probing
import Transfers

struct OverrideCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "override", abstract: "Override a property of a probe, monitor or responder for a limited time or up to a version.",
        subcommands: [Add.self, List.self, Remove.self])

    /// The properties without a name of their own; `options.NAME` is the other.
    private static let properties = ["enabled", "every", "timeout", "retries", "severity", "degradedFor"]

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add an override; it ends by itself.",
            discussion: """
                Properties of a probe: enabled, every, timeout, retries, options.NAME. Of a monitor: enabled, severity, degradedFor. Of a \
                responder: enabled, timeout. An override replaces an existing one of the same property of the same item.
                """)

        @Argument(help: "HealthSet/Name[/Target], or a responder's name.", completion: .name(of: .item)) var item: String
        @Argument(help: "The property.", completion: .list(OverrideCommand.properties)) var property: String
        @Argument(help: "The value.") var value: String
        @Option(help: "Only on this server.", completion: .name(of: .server)) var server: String?
        @Option(name: .customLong("for"), help: ArgumentHelp("How long, such as 2h or 7d.", valueName: "duration")) var duration: String?
        @Option(name: .customLong("until-version"), help: "Until the agent has this version or a later one.")
        var untilVersion: String?
        @Option(help: "Reason for the override.") var comment: String?
        @OptionGroup var control: ControlOptions

        func run() async throws {
            guard (duration == nil) != (untilVersion == nil) else {
                throw ValidationError("exactly one of --for and --until-version is required")
            }
            let request = OverrideRequest(
                identity: item, property: property, value: value, server: server,
                seconds: try duration.map { try Decision.seconds($0, of: "--for") },
                untilVersion: untilVersion, by: Decision.user, comment: comment)
            let made = try await control.require { agent throws(ControlClient.Unreachable) in
                try await agent.call(Endpoints.addOverride, request)
            }
            Console.out(made.line)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List active overrides.")

        @OptionGroup var output: OutputOptions
        @OptionGroup var control: ControlOptions

        func run() async throws {
            let overrides = try await control.require { agent throws(ControlClient.Unreachable) in
                try await agent.call(Endpoints.overrides)
            }
            try output.print(overrides) {
                guard !overrides.isEmpty else { return "no active overrides" }
                return TextTable(
                    header: ["ITEM", "PROPERTY", "VALUE", "SERVER", "UNTIL", "BY", "SINCE", "COMMENT"],
                    rows: overrides.map {
                        [
                            $0.identity, $0.property, $0.value, $0.server ?? "all", $0.end.description, $0.by, $0.at.formatted(.iso8601),
                            $0.comment,
                        ]
                    }
                ).text
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove an override before it ends.")

        @Argument(help: "HealthSet/Name[/Target], or a responder's name.", completion: .name(of: .overridden)) var item: String
        @Argument(help: "The property.", completion: .list(OverrideCommand.properties)) var property: String
        @Option(help: "Remove the override for this server.", completion: .name(of: .server)) var server: String?
        @OptionGroup var control: ControlOptions

        func run() async throws {
            let request = OverrideRemoval(identity: item, property: property, server: server, by: Decision.user)
            let gone = try await control.require { agent throws(ControlClient.Unreachable) in
                try await agent.call(Endpoints.removeOverride, request)
            }
            Console.out("\(gone.identity): override of \(gone.property) removed")
        }
    }
}
