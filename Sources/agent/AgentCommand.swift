import ArgumentParser
import Glibc

/// The `agent` executable.
@main
struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent",
        abstract: "Monitors the certificates, metadata and tokens that Exchange hybrid depends on.",
        discussion: "Exit status: 0 every result Succeeded, 1 a probe ran and did not succeed, 2 could not run, 64 wrong usage.",
        version: "\(Version.current) (\(Revision.current))",
        subcommands: [SuperviseCommand.self],
        groupedSubcommands: [
            CommandGroup(name: "Set up", subcommands: [InitCommand.self, CheckCommand.self, ImportCommand.self]),
            CommandGroup(name: "Run", subcommands: [RunCommand.self, ReloadCommand.self, RestartCommand.self, InvokeCommand.self]),
            CommandGroup(
                name: "Look",
                subcommands: [HealthCommand.self, ProbesCommand.self, ExplainCommand.self, HistoryCommand.self, ForecastCommand.self]),
            CommandGroup(name: "Decide", subcommands: [OverrideCommand.self, MaintenanceCommand.self, AcknowledgeCommand.self]),
            CommandGroup(name: "Try", subcommands: [DemoCommand.self, LabCommand.self]),
        ])

    static func main() async {
        // Else libdispatch writes to syslog, for every process of a user who may not raise priorities, that it could not raise one.
        setenv("LIBDISPATCH_LOG", "NO", 0)
        if ExporterCommand.isMeant(CommandLine.arguments) { await ExporterCommand.main(nil) } else { await main(nil) }
        Console.exitIfIncomplete()
    }
}

enum Version {
    static let current = "0.1.0"

    #if compiler(>=6.4)
    static let swift = "6.4"
    #elseif compiler(>=6.3)
    static let swift = "6.3"
    #else
    static let swift = "6.2"
    #endif
}
