import API
import ArgumentParser
import FoundationEssentials
import Monitoring
import Transfers

struct AcknowledgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "acknowledge", abstract: "Mark the current alert episode of a monitor as being repaired.",
        discussion:
            "The alert goes on and says who has acknowledged it. The state is Repairing until the episode ends; the next one alerts anew.")

    @Argument(help: "HealthSet/Monitor[/Target], or the monitor's name.", completion: .name(of: .monitor)) var monitor: String
    @Option(help: "Only on this server.", completion: .name(of: .server)) var server: String?
    @Option(help: "Comment, such as what is being done.") var comment: String?
    @OptionGroup var control: ControlOptions

    func run() async throws {
        let request = AcknowledgeRequest(monitor: monitor, server: server, by: Decision.user, comment: comment)
        let episodes = try await control.require { agent throws(ControlClient.Unreachable) in
            try await agent.call(Endpoints.acknowledge, request)
        }
        for episode in episodes {
            Console.out("\(episode.key) is Repairing (episode began \(episode.began.formatted(.iso8601)))")
        }
    }
}
