import ArgumentParser
import ProbeFiles
import Probing
import StatusServer
import Transfers

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Validate the configuration and the probe definitions; report all problems at once.",
        discussion: "Prints one line per problem: path:line:column: error: sentence. Exit status: 0 without errors, 2 otherwise.")

    @Option(help: "File of modules, as for 'agent run', to validate as well.", completion: .file()) var modules: String?
    @OptionGroup var common: CommonOptions
    @OptionGroup var listening: ListenOptions
    @OptionGroup(visibility: .hidden) var log: LogOptions
    @OptionGroup(title: "Options of blackbox_exporter") var exporter: ExporterOptions

    func run() async throws {
        let modules = modules ?? exporter.configFile
        var overrides = exporter.overrides
        overrides.listen += listening.listen
        if let files = common.filesFound(modules: modules, overrides: overrides) { return try Self.check(files) }
        guard modules != nil else { throw CommonOptions.noConfiguration() }
        try Self.check(PlanFiles(configurationPath: nil, probesDirectory: common.probes, modulesPath: modules, overrides: overrides))
    }

    /// Prints all problems.
    /// - Throws: `ExitCode(2)` if one is an error.
    static func check(_ files: PlanFiles) throws {
        let kinds = Composition.kinds(
            transfers: try Composition.transfers(), stateDirectory: nil, ownsState: false, logger: LogFormat.silent)
        var diagnostics = files.diagnostics(kinds: kinds)
        do throws(ConfigurationRefused) {
            if let web = try files.webFile() { try WebConfiguration.check(web.read()) }
        } catch { diagnostics += error.diagnostics.filter { !diagnostics.contains($0) } }
        for diagnostic in diagnostics { Console.note(diagnostic.description) }
        if diagnostics.contains(where: { $0.severity == .error }) { throw ExitCode(2) }
    }
}
