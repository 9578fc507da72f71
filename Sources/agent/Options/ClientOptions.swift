import ArgumentParser
import FoundationEssentials
import Monitoring
import ProbeFiles
import Probing
import Transfers

/// Options of commands that talk to a running agent.
struct ClientOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The agent's control socket or URL (default: the socket in the state directory).", valueName: "URL|SOCKET"))
    var agent: String?

    /// A client for `--agent`, or for the control socket named by the configuration.
    /// - Throws: `ExitCode(2)`, after printing the problems, if the configuration cannot be read.
    func client(_ common: CommonOptions, transfers: Transfers) throws -> ControlClient {
        if let agent { return ControlClient(transfers: transfers, target: agent) }
        let files = try common.files()
        do throws(ConfigurationRefused) {
            return ControlClient(transfers: transfers, target: try files.daemonSettings().controlSocketPath)
        } catch {
            for diagnostic in error.diagnostics { Console.note(diagnostic.description) }
            throw Console.failure("cannot determine the control socket from the configuration; set --agent")
        }
    }

    /// Runs `act` with a client, for commands that require a running agent.
    /// - Throws: `ExitCode(2)`, after printing an error, if no agent is running or it refuses the request.
    func require(_ common: CommonOptions, _ act: (ControlClient) async throws(ControlClient.Unreachable) -> Void) async throws {
        let client = try client(common, transfers: try Composition.transfers())
        do throws(ControlClient.Unreachable) { try await act(client) } catch {
            switch error {
            case .noAgent: throw Console.failure("no agent is running (no response on \(client.target)): start it with 'agent run'")
            case .refused(let text): throw Console.failure(lines: text)
            }
        }
    }
}
