import ArgumentParser
import Escalation

/// What the agent runs a responder's command under: a process that ends with everything the command has started.
struct SuperviseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "supervise", abstract: "Run a command and end everything it leaves behind.", shouldDisplay: false)

    @Argument(parsing: .captureForPassthrough) var command: [String] = []

    func run() { CommandSupervisor.run(command) }
}
