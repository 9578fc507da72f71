import ArgumentParser
import Logging
import ProbeFiles
import Probing
import Serving
import StatusServer

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the daemon: schedule probes, store their results and serve them.",
        discussion: "With modules, no configuration file is needed.")

    @Option(help: "File of modules for /probe, in blackbox_exporter's or ssl_exporter's format.", completion: .file()) var modules: String?
    @OptionGroup var common: CommonOptions
    @OptionGroup var listening: ListenOptions
    @OptionGroup var log: LogOptions
    @OptionGroup(title: "Options of blackbox_exporter") var exporter: ExporterOptions

    func run() async throws {
        let modules = modules ?? exporter.configFile
        var overrides = exporter.overrides
        overrides.listen += listening.listen
        let format = exporter.logFormat?.format ?? log.logFormat
        let logger = format.logger(level: exporter.logLevel?.level ?? log.level)
        guard let files = common.filesFound(modules: modules, overrides: overrides) else {
            guard modules != nil else { throw CommonOptions.noConfiguration() }
            // Who names the address as an exporter's wants an exporter.
            overrides.isOpen = !exporter.addresses.isEmpty || exporter.requiresSockets
            return try await Self.serve(
                PlanFiles(configurationPath: nil, probesDirectory: common.probes, modulesPath: modules, overrides: overrides), exporter,
                logger: logger)
        }
        try await Self.serve(files, exporter, logger: logger)
    }

    /// Runs the daemon; without a configuration file, its state is in a directory of its own that goes with it.
    static func serve(_ files: PlanFiles, _ exporter: ExporterOptions, logger: Logger) async throws {
        if exporter.onlyChecks { return try CheckCommand.check(files) }
        var files = files
        let passing = try files.configurationPath == nil ? PassingDirectory() : nil
        if let passing { files.overrides.stateDirectory = passing.path }
        let reload = exporter.reloadsItself ? exporter.interval : nil
        try await guarded { [files] in
            try await Composition.run(files, logger: logger, requiresSockets: exporter.requiresSockets, reloadsEvery: reload)
        }
        withExtendedLifetime(passing) {}
    }

    /// Runs `start`; prints known startup errors as one sentence each and throws `ExitCode(2)` for them.
    static func guarded(_ start: () async throws -> Void) async throws {
        do { try await start() } catch let error as ConfigurationRefused {
            for diagnostic in error.diagnostics { Console.note(diagnostic.description) }
            throw ExitCode(2)
        } catch let error as StateDirectory.Unusable {
            throw Console.failure(error.description)
        } catch let error as CannotListen {
            throw Console.failure(error.description)
        } catch let error as DescriptorBudget.TooFew {
            throw Console.failure(error.description)
        }
    }
}
