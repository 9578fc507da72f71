import ArgumentParser

/// The executable: one subcommand for each thing an administrator does.
@main
struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent",
        abstract: "A health manager for what a mail organisation's trust hangs on.",
        discussion: "Exit status: 0 every result Succeeded, 1 a probe ran and did not succeed, 2 could not be run, 64 wrong usage.",
        version: Version.current,
        subcommands: [
            InitCommand.self, RunCommand.self, InvokeCommand.self, ProbesCommand.self, ExplainCommand.self, RestartCommand.self,
            ReloadCommand.self, HealthCommand.self, HistoryCommand.self, OverrideCommand.self, MaintenanceCommand.self,
            AcknowledgeCommand.self,
            ForecastCommand.self, CheckCommand.self, LabCommand.self, DemoCommand.self, SuperviseCommand.self,
        ])
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
