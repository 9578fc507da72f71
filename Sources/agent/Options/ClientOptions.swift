import ArgumentParser
import FoundationEssentials
import HealthManager
import ProbeFiles
import Transfers

/// How a command finds the running agent, or does without.
struct ClientOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The agent's control socket or URL (default: the socket in the state directory).", valueName: "URL|SOCKET"))
    var agent: String?

    func client(_ common: CommonOptions, transfers: Transfers) throws -> ControlClient {
        if let agent { return ControlClient(transfers: transfers, target: agent) }
        let files = try common.files()
        do throws(ConfigurationRefused) {
            return ControlClient(transfers: transfers, target: try files.daemonSettings().controlSocketPath)
        } catch {
            for diagnostic in error.diagnostics { Console.note(diagnostic.description) }
            throw Console.failure("the configuration does not say where the agent is; set --agent")
        }
    }

    /// For commands that only a running agent can serve.
    func require(_ common: CommonOptions, _ act: (ControlClient) async throws(ControlClient.Unreachable) -> Void) async throws {
        let client = try client(common, transfers: try Composition.transfers())
        do throws(ControlClient.Unreachable) { try await act(client) } catch {
            switch error {
            case .noAgent: throw Console.failure("no agent runs here (nothing answers on \(client.target)): start it with 'agent run'")
            case .refused(let text): throw Console.failure(lines: text)
            }
        }
    }
}
