import ArgumentParser
import FoundationEssentials
import Logging
import ProbeFiles
import Probing

/// The options of blackbox_exporter, so that its units and wrappers start the agent as well.
struct ExporterOptions: ParsableArguments {
    /// Its levels.
    enum Level: String, ExpressibleByArgument, CaseIterable {
        case debug, info, warn, error

        var level: Logger.Level { self == .warn ? .warning : Logger.Level(rawValue: rawValue) ?? .info }
    }

    enum Format: String, ExpressibleByArgument, CaseIterable { case logfmt, json }

    @Option(name: .customLong("config.file"), help: "Module file; the same as --modules.", completion: .file()) var configFile: String?
    @Option(
        name: .customLong("web.listen-address"), parsing: .singleValue,
        help: "Address to listen on, such as :9115; can be repeated; the same as --listen.") var addresses: [String] = []
    @Option(
        name: .customLong("web.config.file"),
        help: "Web configuration in exporter-toolkit's format: TLS, users, headers; overrides 'webConfigFile'.", completion: .file())
    var webConfigFile: String?
    @Flag(
        name: .customLong("web.systemd-socket"), inversion: .prefixedNo,
        help:
            "Fail if systemd has not passed sockets to listen on. Sockets that it has passed are used in any case. Without an agent.yaml, any host may ask for probes, as with --web.listen-address."
    )
    var requiresSockets = false
    @Option(name: .customLong("web.external-url"), help: "URL by which people reach the agent; overrides 'externalURL'.")
    var externalURL: String?
    @Option(name: .customLong("web.route-prefix"), help: "Path before all paths (default: that of the external URL).")
    var routePrefix: String?
    @Flag(name: .customLong("config.check"), inversion: .prefixedNo, help: "Validate the configuration and exit, as 'agent check'.")
    var onlyChecks = false
    @Flag(
        name: .customLong("config.enable-auto-reload"), inversion: .prefixedNo,
        help: "Reload when the module file or the configuration has changed.") var reloadsItself = false
    @Option(name: .customLong("config.auto-reload-interval"), help: ArgumentHelp("How often to look, such as 30s.", valueName: "duration"))
    var reloadInterval = "30s"
    @Option(name: .customLong("log.level"), help: "Log level: debug, info, warn or error.") var logLevel: Level?
    @Option(name: .customLong("log.format"), help: "Log format: logfmt or json.") var logFormat: Format?
    @Option(name: .customLong("log.prober"), help: .hidden) var logProber: Level?
    @Option(
        name: .customLong("timeout-offset"),
        help: ArgumentHelp(
            "What to subtract from Prometheus's timeout, such as 500ms; overrides 'probe.timeoutOffset'.", valueName: "duration"))
    var timeoutOffset: SecondsArgument?
    @Option(name: .customLong("history.limit"), help: "Number of runs kept for /logs; overrides 'probe.historyLimit'.")
    var historyLimit: Int?

    func validate() throws {
        if let timeoutOffset, !(0...3600).contains(timeoutOffset.seconds) { throw ValidationError("--timeout-offset must be from 0 to 1h") }
        if let historyLimit, !(0...10_000).contains(historyLimit) { throw ValidationError("--history.limit must be from 0 to 10000") }
        guard let interval, interval >= .seconds(1) else { throw ValidationError("--config.auto-reload-interval must be 1s or more") }
    }

    /// Nil if it is no duration.
    var interval: Duration? { DurationText.parse(reloadInterval) }

    var overrides: ConfigurationOverrides {
        var overrides = ConfigurationOverrides()
        overrides.listen = addresses
        // Wrappers write options without a value.
        overrides.webConfigFile = webConfigFile.flatMap { $0.isEmpty ? nil : $0 }
        overrides.externalURL = externalURL.flatMap { $0.isEmpty ? nil : $0 }
        overrides.routePrefix = routePrefix.flatMap { $0.isEmpty ? nil : $0 }
        overrides.timeoutOffset = timeoutOffset.map { .seconds($0.seconds) }
        overrides.historyLimit = historyLimit
        return overrides
    }
}
