import ArgumentParser
import ProbeFiles
import Probing
import StatusServer
import Transfers

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Validate the configuration and the probe definitions; report all problems at once.",
        discussion: "Prints one line per problem: path:line:column: error: sentence. Exit status: 0 without errors, 2 otherwise.")

    @Option(help: "File of modules in blackbox_exporter's format to validate as well.") var modules: String?
    @Option(
        name: .customLong("web.config.file"),
        help: "Web configuration in exporter-toolkit's format: TLS, users, headers; overrides 'webConfigFile'.") var webConfig: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let kinds = Composition.kinds(
            transfers: try Composition.transfers(), stateDirectory: nil, ownsState: false, logger: LogFormat.silent)
        let files = try common.files(modules: modules, webConfig: webConfig)
        var diagnostics = files.diagnostics(kinds: kinds)
        do throws(ConfigurationRefused) {
            if let web = try files.webFile() { try WebConfiguration.check(web.read()) }
        } catch { diagnostics += error.diagnostics.filter { !diagnostics.contains($0) } }
        for diagnostic in diagnostics { Console.note(diagnostic.description) }
        if diagnostics.contains(where: { $0.severity == .error }) { throw ExitCode(2) }
    }
}
