import ArgumentParser
import HealthManager
import ProbeFiles
import Transfers

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Validate configuration and definitions: every problem at once, silent when there is none.",
        discussion: "Each line is path:line:column: error: sentence. Exit status: 0 without an error, 2 with one.")

    @Option(help: "Modules in blackbox_exporter's own file, to be validated as well.") var modules: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let kinds = Composition.kinds(
            transfers: try Composition.transfers(), stateDirectory: nil, ownsState: false, logger: LogFormat.silent)
        let diagnostics = try common.files(modules: modules).diagnostics(kinds: kinds)
        for diagnostic in diagnostics { Console.note(diagnostic.description) }
        if diagnostics.contains(where: { $0.severity == .error }) { throw ExitCode(2) }
    }
}
