import ArgumentParser
import Documents
import FoundationEssentials
import Glibc
import Lab
import Logging
import Monitoring
import ServiceLifecycle
import Transfers
import UnixSignals

struct LabCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab", abstract: "Simulate a hybrid tenant on loopback, with faults that can be switched on.",
        subcommands: [LabRunCommand.self, LabFaultCommand.self], defaultSubcommand: LabRunCommand.self)

    /// The default directory for a lab's files: below a directory that only this user can write to.
    static let defaultDirectory: String = {
        let runtime = getenv("XDG_RUNTIME_DIR").map { String(cString: $0) } ?? ""
        var status = stat()
        let isOurs =
            runtime.hasPrefix("/") && lstat(runtime, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && status.st_uid == geteuid()
            && status.st_mode & 0o077 == 0
        // As the shell that is told to read a file there has it.
        let named = getenv("HOME").map { String(cString: $0) } ?? ""
        let home = named.hasPrefix("/") ? named : FileManager.default.homeDirectoryForCurrentUser.path(percentEncoded: false)
        return isOurs ? runtime + "/agent-lab" : home + (home.hasSuffix("/") ? "" : "/") + ".local/state/agent-lab"
    }()

    /// Creates the lab's directory and removes a stale control socket.
    /// - Throws: `ExitCode(2)`, after printing an error.
    static func prepare(_ directory: String) throws {
        do throws(StateDirectory.Unusable) {
            let remedy = "set --state-directory"
            try StateDirectory.prepare(directory, remedy: remedy)
            try ControlSocketPath.claim(Lab.controlSocket(in: directory), remedy: remedy)
        } catch { throw Console.failure(error.description) }
    }

    /// The `--state-directory` option for commands on a lab in that directory, with a leading space; empty for the default directory.
    static func option(_ directory: String) -> String {
        directory == defaultDirectory ? "" : " --state-directory " + Invocation.quoted(Invocation.absolute(directory))
    }
}

struct LabRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "run", abstract: "Start the lab; it runs until interrupted.")

    @Option(help: "Number of Mailbox servers.") var servers = 3
    @Option(help: "Fault to switch on at the start; can be repeated.", completion: .list(FaultList.names)) var fault: [String] = []
    @Option(name: .customLong("state-directory"), help: "Directory for the lab's files.", completion: .directory) var stateDirectory =
        LabCommand.defaultDirectory
    @Flag(help: "Give the agent a snapshot of the organization, as Export-ExchangeFacts.ps1 writes it.") var snapshot = false
    @Option(help: "Listen address written to the agent's configuration.") var listen = "127.0.0.1:9717"

    func run() async throws {
        guard (1...99).contains(servers) else { throw ValidationError("--servers must be from 1 to 99") }
        var plan = LabPlan(stateDirectory: stateDirectory)
        plan.servers = servers
        plan.faults = fault
        plan.hasSnapshot = snapshot
        plan.agentListen = listen
        try LabCommand.prepare(stateDirectory)
        let lab: Lab
        do { lab = try await Lab(plan, logger: LogFormat.text.logger(level: .notice)) } catch let problem as Lab.Problem {
            throw Console.failure(problem.description)
        }
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: lab, successTerminationBehavior: .gracefullyShutdownGroup),
                    .init(service: Announcement(lab: lab, directory: stateDirectory)),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: LogFormat.silent))
        try await group.run()
    }

    /// Prints the addresses of the lab once it is ready.
    private struct Announcement: Service {
        let lab: Lab
        let directory: String

        func run() async throws {
            await lab.ready()
            let description = lab.description
            for server in description.mailboxServers + [
                description.authServer, description.tokenEndpoint, description.pushService, description.graph, description.smtp,
                description.imap,
            ] {
                Console.out("\(server.name) at \(server.address)")
            }
            Console.out("configuration: \(lab.configurationPath)")
            let agent = Invocation.program
            Console.out("try: \(agent) run --config \(Invocation.quoted(Invocation.absolute(lab.configurationPath)))")
            Console.out("     \(agent) lab fault on metadata-refused\(LabCommand.option(directory))")
            try await gracefulShutdown()
        }
    }
}

struct LabFaultCommand: AsyncParsableCommand {
    enum Form: String, ExpressibleByArgument, CaseIterable { case table, json, markdown }

    enum Verb: String, ExpressibleByArgument, CaseIterable { case on, off, list }

    static let configuration = CommandConfiguration(
        commandName: "fault", abstract: "Switch a fault of the running lab on or off, or list all faults.")

    @Argument(help: "on, off or list.") var verb: Verb
    @Argument(help: "Name of the fault.", completion: .list(FaultList.names)) var name: String?
    @Option(help: "Output format of the list: table, json or markdown.") var output: Form = .table
    @Option(name: .customLong("state-directory"), help: "The lab's directory.", completion: .directory) var stateDirectory = LabCommand
        .defaultDirectory

    func run() async throws {
        if verb == .list, output == .markdown { return Console.out(FaultList.markdown) }
        let lab = ControlClient(transfers: try Composition.transfers(), target: Lab.controlSocket(in: stateDirectory))
        do throws(ControlClient.Unreachable) {
            if verb == .list { return try await list(lab) }
            try await turn(lab)
        } catch {
            switch error {
            case .noAgent: throw Console.failure("no lab is running in \(stateDirectory): start 'agent lab', or set --state-directory")
            case .refused(let sentence): throw Console.failure(sentence)
            }
        }
    }

    private func list(_ lab: ControlClient) async throws(ControlClient.Unreachable) {
        let bytes = try await lab.send(.get, "/faults", deadline: .seconds(10))
        let faults = (try? JSONText.decode([FaultStatus].self, from: bytes)) ?? []
        if output == .json {
            return Console.out(String(decoding: (try? JSONText.encode(faults, pretty: true)) ?? bytes, as: UTF8.self))
        }
        let rows = faults.map { [$0.isOn ? "on" : "", $0.name, $0.summary, $0.needsReload ? "after reload" : "immediately"] }
        Console.out(TextTable(header: ["", "FAULT", "DESCRIPTION", "TAKES EFFECT"], rows: rows).text)
    }

    private func turn(_ lab: ControlClient) async throws(ControlClient.Unreachable) {
        guard let name else { throw .refused("missing fault name, see 'agent lab fault list': agent lab fault \(verb.rawValue) NAME") }
        let bytes = try await lab.send(
            verb == .on ? ExchangeRequest.Method("PUT") : ExchangeRequest.Method("DELETE"), "/faults/\(name)", deadline: .seconds(30))
        guard let status = try? JSONText.decode(FaultStatus.self, from: bytes) else { throw .refused("invalid response from the lab") }
        Console.out(status.isOn ? "\(status.name) is on: \(status.summary)" : "\(status.name) is off")
        guard status.needsReload else { return }
        let agent = ControlClient(transfers: lab.transfers, target: stateDirectory + "/agent/control.sock")
        do throws(ControlClient.Unreachable) {
            _ = try await agent.send(.post, "/-/reload", deadline: .seconds(30))
            Console.out("the agent has reloaded its configuration")
        } catch {
            let file = Invocation.quoted(Invocation.absolute(stateDirectory) + "/agent.yaml")
            Console.note("note: takes effect after: \(Invocation.program) reload --config \(file)")
        }
    }
}
