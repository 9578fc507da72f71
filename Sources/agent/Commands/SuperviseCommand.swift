import ArgumentParser
import Escalation

/// Internal command: the parent process of a responder's command. See `CommandSupervisor`.
struct SuperviseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "supervise", abstract: "Run a command and kill all processes it leaves behind.", shouldDisplay: false)

    @Argument(parsing: .captureForPassthrough) var command: [String] = []

    func run() { CommandSupervisor.run(command) }
}
