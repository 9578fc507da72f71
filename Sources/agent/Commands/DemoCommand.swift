import API
import ArgumentParser
import FoundationEssentials
import Glibc
import HealthManager
import Lab
import Logging
import Monitoring
import ProbeFiles
import Probing
import ServiceLifecycle

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Run a lab and an agent that monitors it.",
        discussion: "With --once, exits after every probe has run: status 0 if all succeeded.")

    @Flag(help: "Exit after every probe has run.") var once = false
    @Option(help: "Number of Mailbox servers.") var servers = 3
    @Option(help: "Fault to switch on at the start; can be repeated.", completion: .list(FaultList.names)) var fault: [String] = []
    @Option(name: .customLong("state-directory"), help: "Directory for the lab's files.", completion: .directory) var stateDirectory =
        LabCommand.defaultDirectory
    @Option(help: "Directory of probe definitions (default: the shipped ones).", completion: .directory) var probes: String?
    @Option(help: .hidden, completion: .file()) var config: String?
    @OptionGroup var listening: ListenOptions
    @OptionGroup(visibility: .hidden) var log: LogOptions

    func run() async throws {
        guard (1...99).contains(servers) else { throw ValidationError("--servers must be from 1 to 99") }
        var plan = LabPlan(stateDirectory: stateDirectory)
        plan.hasSnapshot = true
        plan.servers = servers
        plan.faults = fault
        plan.agentListen = listening.listen.first ?? "127.0.0.1:9717"
        try LabCommand.prepare(stateDirectory)
        let lab: Lab
        do { lab = try await Lab(plan, logger: LogFormat.text.logger(level: .error)) } catch let problem as Lab.Problem {
            throw Console.failure(problem.description)
        }
        var overrides = ConfigurationOverrides()
        overrides.listen = listening.listen
        let files = PlanFiles(
            configurationPath: lab.configurationPath, probesDirectory: probes ?? ShippedProbes.locate(), overrides: overrides)
        let verdict = Verdict()
        try await RunCommand.guarded {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await lab.run() }
                await lab.ready()
                // Failed probes are shown in the table; log only errors of the agent itself.
                try await Composition.run(files, logger: LogFormat.text.logger(level: .error)) { manager, address in
                    await show(manager, address, verdict)
                }
                group.cancelAll()
                do { try await group.waitForAll() } catch is CancellationError {}
            }
        }
        if once, await !verdict.isGood { throw ExitCode(1) }
    }

    /// The outcome of a run with `--once`.
    private actor Verdict {
        private(set) var isGood = false

        func set(_ isGood: Bool) { self.isGood = isGood }
    }

    private func show(_ manager: HealthManager, _ address: String, _ verdict: Verdict) async {
        let waiting = await manager.awaitFreshResults(within: .seconds(60))
        let states = await manager.snapshot().probes
        Console.out(ResultPrinter.table(states.compactMap(\.latest).map { ResultDocument($0) }))
        for key in waiting { Console.note("no result yet: \(key)") }
        await verdict.set(waiting.isEmpty && !states.isEmpty && states.allSatisfy { $0.latest?.type == .succeeded })
        if once {
            kill(getpid(), SIGTERM)
            return
        }
        let agent = Invocation.program
        let config = "--config " + Invocation.quoted(Invocation.absolute(stateDirectory) + "/agent.yaml")
        let lab = LabCommand.option(stateDirectory)
        Console.out(
            """

            page:    http://\(address)/
            metrics: http://\(address)/metrics

            Try, in another shell:
              \(agent) lab fault on oauth-expires-very-soon\(lab)
              \(agent) invoke OAuth/CertificateExpiryProbe \(config)
              \(agent) explain certificate_expires_very_soon
              \(agent) lab fault off oauth-expires-very-soon\(lab)
              \(agent) lab fault list\(lab)
              \(agent) restart --wait 60s \(config)
            Press Ctrl-C to stop.
            """)
    }
}
