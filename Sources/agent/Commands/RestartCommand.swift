import API
import ArgumentParser
import FoundationEssentials
import Transfers

struct RestartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart", abstract: "Clear all caches, reload the configuration and run every probe again.",
        discussion: "With --wait, returns once each probe has a fresh result; exit status 1 if the time runs out.")

    @Option(help: ArgumentHelp("How long to wait for fresh results, such as 60s.", valueName: "duration")) var wait: SecondsArgument?
    @OptionGroup var control: ControlOptions

    func run() async throws {
        if let wait, !(0...86400).contains(wait.seconds) { throw ValidationError("--wait must be from 0 to 24h") }
        let waiting = try await control.require { agent throws(ControlClient.Unreachable) in
            guard let wait = wait?.seconds else {
                _ = try await agent.send(.post, "/-/restart", deadline: .seconds(30))
                return [String]()
            }
            let bytes = try await Progress.shown("waiting for fresh results") { () async throws(ControlClient.Unreachable) in
                try await agent.send(.post, "/-/restart?wait=\(wait)", deadline: .seconds(wait + 30))
            }
            let document: WaitingDocument = try agent.decoded(bytes)
            return document.waiting
        }
        guard !waiting.isEmpty else {
            return Console.out(wait == nil ? "all caches cleared" : "all caches cleared, every probe has a fresh result")
        }
        Console.note("error: timed out waiting for fresh results of:")
        for probe in waiting { Console.note("  " + probe) }
        throw ExitCode(1)
    }
}

struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Reload the configuration and the probe definitions; unchanged probes keep their results.")

    @OptionGroup var control: ControlOptions

    func run() async throws {
        try await control.require { agent throws(ControlClient.Unreachable) in
            _ = try await agent.send(.post, "/-/reload", deadline: .seconds(30))
        }
        Console.out("configuration reloaded")
    }
}
