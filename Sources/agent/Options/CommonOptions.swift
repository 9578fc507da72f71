import ArgumentParser
import FoundationEssentials
import Logging
import ProbeFiles

/// Options common to all commands.
struct CommonOptions: ParsableArguments {
    @Option(help: "Configuration file (default: /etc/agent/agent.yaml, then ./agent.yaml).")
    var config: String?

    @Option(help: "Directory of probe definitions (default: the shipped ones).")
    var probes: String?

    @Option(help: "Address and port to listen on; overrides the configuration.")
    var listen: String?

    @Option(name: .customLong("log-level"), help: "Log level: trace, debug, info, notice, warning, error or critical.")
    var logLevel: LogLevel = .info

    @Option(name: .customLong("log-format"), help: "Log format: text or json.")
    var logFormat: LogFormat = .text

    /// The files to read, as named by the options; nothing is read yet.
    /// - Throws: `ExitCode(2)`, after printing an error, if there is no configuration file.
    func files(modules: String? = nil, webConfig: String? = nil) throws -> PlanFiles {
        PlanFiles(
            configurationPath: try configurationPath(), probesDirectory: probes ?? ShippedProbes.locate(), modulesPath: modules,
            listen: listen, webConfigPath: webConfig)
    }

    private func configurationPath() throws -> String {
        if let config { return config }
        let places = ["/etc/agent/agent.yaml", "agent.yaml"]
        if let found = places.first(where: { FileManager.default.fileExists(atPath: $0) }) { return found }
        throw Console.failure(
            "no configuration file: neither \(places.joined(separator: " nor ./")) exists; set --config, or create one with 'agent init'")
    }

    func logger() -> Logger { logFormat.logger(level: Logger.Level(rawValue: logLevel.rawValue) ?? .info) }
}

/// The values of `--log-level`.
enum LogLevel: String, ExpressibleByArgument, CaseIterable {
    case trace, debug, info, notice, warning, error, critical
}
