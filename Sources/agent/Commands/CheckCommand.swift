import ArgumentParser
import ProbeFiles
import Probing
import Transfers

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Validate the configuration and the probe definitions; report all problems at once.",
        discussion: "Prints one line per problem: path:line:column: error: sentence. Exit status: 0 without errors, 2 otherwise.")

    @Option(help: "File of modules in blackbox_exporter's format to validate as well.") var modules: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let kinds = Composition.kinds(
            transfers: try Composition.transfers(), stateDirectory: nil, ownsState: false, logger: LogFormat.silent)
        let diagnostics = try common.files(modules: modules).diagnostics(kinds: kinds)
        for diagnostic in diagnostics { Console.note(diagnostic.description) }
        if diagnostics.contains(where: { $0.severity == .error }) { throw ExitCode(2) }
    }
}
