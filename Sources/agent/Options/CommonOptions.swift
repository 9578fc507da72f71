import ArgumentParser
import FoundationEssentials
import Logging
import ProbeFiles

/// Options every command takes.
struct CommonOptions: ParsableArguments {
    @Option(help: "Configuration file (default: /etc/agent/agent.yaml, then ./agent.yaml).")
    var config: String?

    @Option(help: "Directory of probe definitions (default: the shipped ones).")
    var probes: String?

    @Option(help: "Address and port to listen on; wins over the configuration.")
    var listen: String?

    @Option(name: .customLong("log-level"), help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: LogLevel = .info

    @Option(name: .customLong("log-format"), help: "text or json.")
    var logFormat: LogFormat = .text

    /// - Throws: exit status 2 with one sentence where there is no configuration.
    func files(modules: String? = nil) throws -> PlanFiles {
        PlanFiles(
            configurationPath: try configurationPath(), probesDirectory: probes ?? ShippedProbes.locate(), modulesPath: modules,
            listen: listen)
    }

    private func configurationPath() throws -> String {
        if let config { return config }
        let places = ["/etc/agent/agent.yaml", "agent.yaml"]
        if let found = places.first(where: { FileManager.default.fileExists(atPath: $0) }) { return found }
        throw Console.failure(
            "no configuration: neither \(places.joined(separator: " nor ./")) is there; set --config, or write one with 'agent init'")
    }

    func logger() -> Logger { logFormat.logger(level: Logger.Level(rawValue: logLevel.rawValue) ?? .info) }
}

/// The levels of the log, as options spell them.
enum LogLevel: String, ExpressibleByArgument, CaseIterable {
    case trace, debug, info, notice, warning, error, critical
}
