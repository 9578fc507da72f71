import ArgumentParser
import HealthManager
import Serving
import StatusServer

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "The daemon: schedule probes, keep their results, serve them.")

    @Option(help: "Modules that callers of /probe may name, in blackbox_exporter's own file.") var modules: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await Self.guarded { try await Composition.run(try common.files(modules: modules), logger: common.logger()) }
    }

    /// Every known way not to start ends with its sentence and status 2.
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
