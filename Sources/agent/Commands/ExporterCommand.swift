import ArgumentParser
import ProbeFiles

/// The program under the name of blackbox_exporter, or started with its options: modules only, on its port, without `agent.yaml`.
struct ExporterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "blackbox_exporter", abstract: "Run the modules of blackbox_exporter's configuration file for /probe.",
        version: AgentCommand.configuration.version)

    @OptionGroup var exporter: ExporterOptions

    /// Whether these arguments are for this command. No other has options before its name.
    static func isMeant(_ arguments: [String]) -> Bool {
        let name = arguments.first?.split(separator: "/").last ?? ""
        if ["blackbox_exporter", "prometheus-blackbox-exporter"].contains(name) { return true }
        guard let first = arguments.dropFirst().first, first.hasPrefix("--") else { return false }
        return !["--help", "--version", "---completion"].contains(first) && !first.hasPrefix("--generate-completion-script")
            && !first.hasPrefix("--experimental")
    }

    func run() async throws {
        var overrides = exporter.overrides
        if overrides.listen.isEmpty { overrides.listen = [":9115"] }
        overrides.isOpen = true
        let files = PlanFiles(
            configurationPath: nil, probesDirectory: nil, modulesPath: exporter.configFile ?? "blackbox.yml", overrides: overrides)
        try await RunCommand.serve(
            files, exporter, logger: (exporter.logFormat ?? .logfmt).format.logger(level: (exporter.logLevel ?? .info).level))
    }
}

extension ExporterOptions.Format {
    var format: LogFormat { self == .json ? .json : .text }
}
