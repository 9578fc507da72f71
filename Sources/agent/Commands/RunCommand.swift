import ArgumentParser
import Probing
import Serving
import StatusServer

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the daemon: schedule probes, store their results and serve them.")

    @Option(help: "File of modules for /probe, in blackbox_exporter's format.") var modules: String?
    @Option(
        name: .customLong("web.config.file"),
        help: "Web configuration in exporter-toolkit's format: TLS, users, headers; overrides 'webConfigFile'.") var webConfig: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await Self.guarded {
            try await Composition.run(try common.files(modules: modules, webConfig: webConfig), logger: common.logger())
        }
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
