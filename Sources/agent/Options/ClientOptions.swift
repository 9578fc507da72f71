import ArgumentParser
import FoundationEssentials
import Monitoring
import ProbeFiles
import Probing
import Transfers

/// Options of commands that require a running agent; the configuration only says where that is.
struct ControlOptions: ParsableArguments, FileOptions {
    @OptionGroup var client: ClientOptions
    @Option(help: CommonOptions.configHelp, completion: .file()) var config: String?
    @Option(help: .hidden, completion: .directory) var probes: String?
    @OptionGroup(visibility: .hidden) var daemon: DaemonOptions

    /// Passes a client to `act`.
    /// - Throws: `ExitCode(2)`, after printing an error, if no agent is running or it refuses the request.
    func require<Value: Sendable>(
        _ act: (ControlClient) async throws(ControlClient.Unreachable) -> Value
    ) async throws -> Value { try await client.require(self, act) }
}

/// Options of commands that talk to a running agent.
struct ClientOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The agent's control socket or URL (default: the socket in the state directory).", valueName: "URL|SOCKET"),
        completion: .file())
    var agent: String?

    /// A client for `--agent`, or for the control socket named by the configuration.
    /// - Throws: `ExitCode(2)`, after printing the problems, if the configuration cannot be read.
    func client(_ common: some FileOptions, transfers: Transfers) throws -> ControlClient {
        if let agent { return ControlClient(transfers: transfers, target: agent) }
        let files = try common.files()
        do throws(ConfigurationRefused) {
            return ControlClient(transfers: transfers, target: try files.daemonSettings().controlSocketPath)
        } catch {
            for diagnostic in error.diagnostics { Console.note(diagnostic.description) }
            throw Console.failure("cannot determine the control socket from the configuration; set --agent")
        }
    }

    /// Passes a client to `act`, for commands that require a running agent.
    /// - Throws: `ExitCode(2)`, after printing an error, if no agent is running or it refuses the request.
    func require<Value: Sendable>(
        _ common: some FileOptions, _ act: (ControlClient) async throws(ControlClient.Unreachable) -> Value
    ) async throws -> Value {
        let transfers = try Composition.transfers()
        if let value = try await ask(common, transfers, act) { return value }
        let target = try client(common, transfers: transfers).target
        throw Console.failure("no agent is running (no response on \(target)): start it with 'agent run'")
    }

    /// Passes a client to `act`, for commands that can do without an agent.
    /// - Returns: nil if no agent is running.
    /// - Throws: `ExitCode(2)`, after printing an error, if the agent refuses the request.
    func ask<Value: Sendable>(
        _ common: some FileOptions, _ transfers: Transfers, _ act: (ControlClient) async throws(ControlClient.Unreachable) -> Value
    ) async throws -> Value? {
        let client = try client(common, transfers: transfers)
        do throws(ControlClient.Unreachable) { return try await act(client) } catch {
            switch error {
            case .noAgent: return nil
            case .refused(let text): throw Console.failure(lines: text)
            }
        }
    }
}
