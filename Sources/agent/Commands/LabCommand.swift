import ArgumentParser
import FoundationEssentials
import Glibc
import HealthManager
import Lab
import Logging
import ServiceLifecycle
import Transfers
import UnixSignals

struct LabCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab", abstract: "A whole hybrid tenant on loopback, with faults to switch on.",
        subcommands: [LabRunCommand.self, LabFaultCommand.self], defaultSubcommand: LabRunCommand.self)

    /// Where a lab keeps its files unless told otherwise: where nobody else can have been before.
    static let defaultDirectory: String = {
        let runtime = getenv("XDG_RUNTIME_DIR").map { String(cString: $0) } ?? ""
        var status = stat()
        let isOurs =
            runtime.hasPrefix("/") && lstat(runtime, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && status.st_uid == geteuid()
            && status.st_mode & 0o077 == 0
        let home = FileManager.default.homeDirectoryForCurrentUser.path(percentEncoded: false)
        return isOurs ? runtime + "/agent-lab" : home + (home.hasSuffix("/") ? "" : "/") + ".local/state/agent-lab"
    }()

    /// Makes the lab's directory and the path of its socket ready.
    static func prepare(_ directory: String) throws {
        do throws(StateDirectory.Unusable) {
            let remedy = "set --state-directory"
            try StateDirectory.prepare(directory, remedy: remedy)
            try ControlSocketPath.claim(Lab.controlSocket(in: directory), remedy: remedy)
        } catch { throw Console.failure(error.description) }
    }

    /// What follows in a command for a lab in that directory.
    static func option(_ directory: String) -> String {
        directory == defaultDirectory ? "" : " --state-directory " + Invocation.quoted(Invocation.absolute(directory))
    }
}

struct LabRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "run", abstract: "Start the lab; it runs until interrupted.")

    @Option(help: "How many mailbox servers.") var servers = 3
    @Option(help: "A fault that is on from the start; may be given several times.") var fault: [String] = []
    @Option(name: .customLong("state-directory"), help: "Where the lab writes its files.") var stateDirectory = LabCommand.defaultDirectory
    @Option(help: "What the agent is told to listen on.") var listen = "127.0.0.1:9717"

    func run() async throws {
        guard (1...99).contains(servers) else { throw ValidationError("--servers takes 1 to 99") }
        var plan = LabPlan(stateDirectory: stateDirectory)
        plan.servers = servers
        plan.faults = fault
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

    /// Says where everything is, once it is there.
    private struct Announcement: Service {
        let lab: Lab
        let directory: String

        func run() async throws {
            await lab.ready()
            let description = lab.description
            for server in description.mailboxServers + [description.authServer, description.tokenEndpoint, description.pushService] {
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
    enum Form: String, ExpressibleByArgument, CaseIterable { case table, markdown }

    enum Verb: String, ExpressibleByArgument, CaseIterable { case on, off, list }

    static let configuration = CommandConfiguration(
        commandName: "fault", abstract: "Switch a fault of the running lab, or list all faults.")

    @Argument(help: "on, off or list.") var verb: Verb
    @Argument(help: "The fault.") var name: String?
    @Option(help: "The list as table or markdown.") var output: Form = .table
    @Option(name: .customLong("state-directory"), help: "The lab's.") var stateDirectory = LabCommand.defaultDirectory

    func run() async throws {
        if verb == .list, output == .markdown { return Console.out(FaultList.markdown) }
        let lab = ControlClient(transfers: try Composition.transfers(), target: Lab.controlSocket(in: stateDirectory))
        do throws(ControlClient.Unreachable) {
            if verb == .list { return try await list(lab) }
            try await turn(lab)
        } catch {
            switch error {
            case .noAgent: throw Console.failure("no lab runs in \(stateDirectory): start it with 'agent lab', or set --state-directory")
            case .refused(let sentence): throw Console.failure(sentence)
            }
        }
    }

    private func list(_ lab: ControlClient) async throws(ControlClient.Unreachable) {
        let bytes = try await lab.send(.get, "/faults", deadline: .seconds(10))
        let faults = (try? JSONText.decode([FaultStatus].self, from: bytes)) ?? []
        let rows = faults.map { [$0.isOn ? "on" : "", $0.name, $0.summary, $0.needsReload ? "after reload" : "at once"] }
        Console.out(TextTable(header: ["", "FAULT", "WHAT IT DOES", "SEEN"], rows: rows).text)
    }

    private func turn(_ lab: ControlClient) async throws(ControlClient.Unreachable) {
        guard let name else { throw .refused("name the fault: agent lab fault \(verb.rawValue) NAME; 'agent lab fault list' shows all") }
        let bytes = try await lab.send(
            verb == .on ? ExchangeRequest.Method("PUT") : ExchangeRequest.Method("DELETE"), "/faults/\(name)", deadline: .seconds(30))
        guard let status = try? JSONText.decode(FaultStatus.self, from: bytes) else { throw .refused("the lab's answer cannot be read") }
        Console.out("\(status.name) is \(status.isOn ? "on" : "off"): \(status.summary)")
        guard status.needsReload else { return }
        let agent = ControlClient(transfers: lab.transfers, target: stateDirectory + "/agent/control.sock")
        do throws(ControlClient.Unreachable) {
            _ = try await agent.send(.post, "/-/reload", deadline: .seconds(30))
            Console.out("the agent has read its configuration again")
        } catch {
            let file = Invocation.quoted(Invocation.absolute(stateDirectory) + "/agent.yaml")
            Console.note("note: the agent sees it after: \(Invocation.program) reload --config \(file)")
        }
    }
}
