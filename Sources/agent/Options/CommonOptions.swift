import ArgumentParser
import FoundationEssentials
import Logging
import ProbeFiles

/// Which files to read, as named on the command line.
protocol FileOptions {
    var config: String? { get }
    var probes: String? { get }
}

extension FileOptions {
    /// The files to read, as named by the options; nothing is read yet.
    /// - Throws: `ExitCode(2)`, after printing an error, if there is no configuration file.
    func files() throws -> PlanFiles {
        guard let files = filesFound(modules: nil, overrides: ConfigurationOverrides()) else { throw CommonOptions.noConfiguration() }
        return files
    }

    /// The files to read; nil if there is no configuration file.
    func filesFound(modules: String?, overrides: ConfigurationOverrides) -> PlanFiles? {
        let path = config ?? CommonOptions.places.first { FileManager.default.fileExists(atPath: $0) }
        return path.map {
            PlanFiles(
                configurationPath: $0, probesDirectory: probes ?? ShippedProbes.locate(), modulesPath: modules, overrides: overrides)
        }
    }
}

/// Options of commands that read the configuration and the probe definitions.
struct CommonOptions: ParsableArguments, FileOptions {
    static let configHelp: ArgumentHelp = "Configuration file (default: /etc/agent/agent.yaml, then ./agent.yaml)."
    fileprivate static let places = ["/etc/agent/agent.yaml", "agent.yaml"]

    @Option(help: configHelp, completion: .file()) var config: String?
    @Option(help: "Directory of probe definitions (default: the shipped ones).", completion: .directory) var probes: String?

    /// The error, after it has been printed.
    static func noConfiguration() -> ExitCode {
        Console.failure(
            "no configuration file: neither \(places.joined(separator: " nor ./")) exists; set --config, or create one with 'agent init'")
    }
}

/// Where to listen.
struct ListenOptions: ParsableArguments {
    @Option(parsing: .singleValue, help: "Address and port to listen on; can be repeated; overrides the configuration.")
    var listen: [String] = []
}

/// What is logged, and how.
struct LogOptions: ParsableArguments {
    @Option(name: .customLong("log-level"), help: "Log level: trace, debug, info, notice, warning, error or critical.")
    var logLevel: LogLevel = .info

    @Option(name: .customLong("log-format"), help: "Log format: text or json.")
    var logFormat: LogFormat = .text

    var level: Logger.Level { Logger.Level(rawValue: logLevel.rawValue) ?? .info }
}

/// Options of the daemon that the other commands accept without an effect, for scripts that give all of them the same; hidden from their help.
struct DaemonOptions: ParsableArguments {
    @OptionGroup var listening: ListenOptions
    @OptionGroup var log: LogOptions
}

/// The values of `--log-level`.
enum LogLevel: String, ExpressibleByArgument, CaseIterable {
    case trace, debug, info, notice, warning, error, critical
}
