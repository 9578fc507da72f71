import ArgumentParser
import FoundationEssentials
import Logging
import ProbeFiles

/// Options common to all commands.
struct CommonOptions: ParsableArguments {
    @Option(help: "Configuration file (default: /etc/agent/agent.yaml, then ./agent.yaml).", completion: .file())
    var config: String?

    @Option(help: "Directory of probe definitions (default: the shipped ones).", completion: .directory)
    var probes: String?

    @Option(parsing: .singleValue, help: "Address and port to listen on; can be repeated; overrides the configuration.")
    var listen: [String] = []

    @Option(name: .customLong("log-level"), help: "Log level: trace, debug, info, notice, warning, error or critical.")
    var logLevel: LogLevel = .info

    @Option(name: .customLong("log-format"), help: "Log format: text or json.")
    var logFormat: LogFormat = .text

    /// The files to read, as named by the options; nothing is read yet.
    /// - Throws: `ExitCode(2)`, after printing an error, if there is no configuration file.
    func files(modules: String? = nil) throws -> PlanFiles {
        var overrides = ConfigurationOverrides()
        overrides.listen = listen
        guard let files = filesFound(modules: modules, overrides: overrides) else { throw Self.noConfiguration() }
        return files
    }

    /// The files to read; nil if there is no configuration file.
    func filesFound(modules: String?, overrides: ConfigurationOverrides) -> PlanFiles? {
        let path = config ?? Self.places.first { FileManager.default.fileExists(atPath: $0) }
        return path.map {
            PlanFiles(
                configurationPath: $0, probesDirectory: probes ?? ShippedProbes.locate(), modulesPath: modules, overrides: overrides)
        }
    }

    private static let places = ["/etc/agent/agent.yaml", "agent.yaml"]

    /// The error, after it has been printed.
    static func noConfiguration() -> ExitCode {
        Console.failure(
            "no configuration file: neither \(places.joined(separator: " nor ./")) exists; set --config, or create one with 'agent init'")
    }

    var level: Logger.Level { Logger.Level(rawValue: logLevel.rawValue) ?? .info }

    func logger() -> Logger { logFormat.logger(level: level) }
}

/// The values of `--log-level`.
enum LogLevel: String, ExpressibleByArgument, CaseIterable {
    case trace, debug, info, notice, warning, error, critical
}
