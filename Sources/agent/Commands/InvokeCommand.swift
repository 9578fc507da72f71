import API
import ArgumentParser
import FoundationEssentials
import HealthManager
import Monitoring
import Probing
import Transfers

struct InvokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invoke", abstract: "Run one probe now and print its result.",
        discussion:
            "PROBE is HealthSet/Name, Name, or the name of a kind; HealthSet/Name/Target selects one of several targets. Without a server or target, --output list runs the first one, as Exchange's cmdlet does, and says so; the other formats run all, and nagios prints the worst. Exit status: 0 if every result Succeeded, 1 if a probe did not succeed, 2 if it could not run or could not judge."
    )

    @Argument(help: "The probe.", completion: .name(of: .probe)) var probe: String
    @Option(help: "Run for this server; can be repeated.", completion: .name(of: .server)) var server: [String] = []
    @Flag(name: .customLong("all-servers"), help: "Run for all servers or targets of the probe: the default, but for --output list.")
    var allServers = false
    @Option(help: "Output format: list, table, json or nagios.") var output: ResultPrinter.Form = .list
    @Option(help: "Comma-separated fields of the list, or 'all'.") var fields: String?
    @Option(help: ArgumentHelp("How long each run may take, such as 5s.", valueName: "duration")) var timeout: SecondsArgument?
    @Option(help: ArgumentHelp("Set an option of the probe for this run.", valueName: "KEY=VALUE")) var set: [String] = []
    @Option(help: "Judge as of this date (2027-01-31, or a full ISO 8601 time).") var at: String?
    @Flag(help: "Run in this process even if an agent is running.") var local = false
    @OptionGroup var client: ClientOptions
    @OptionGroup var common: CommonOptions
    @OptionGroup(visibility: .hidden) var daemon: DaemonOptions

    func run() async throws {
        let printer = try ResultPrinter(form: output, fields: fields)
        let answer = try await answer(to: try request())
        ResultPrinter.printNotes(answer)
        if output == .nagios { return try printNagios(answer) }
        for refusal in answer.refusals { Console.note("error: " + refusal.sentence) }
        if !answer.results.isEmpty || output == .json { try printer.print(answer.results) }
        let statuses = answer.results.map { document in ResultType.allCases.first { $0.name == document.resultType }?.exitStatus ?? 2 }
        let status = (statuses + answer.refusals.map { _ in 2 }).max() ?? 2
        if status != 0 { throw ExitCode(status) }
    }

    private func printNagios(_ answer: InvokeAnswer) throws {
        let line = answer.refusals.first.map { NagiosLine(refusal: $0.sentence) } ?? NagiosLine(answer.results)
        Console.out(line.text)
        if line.state != .ok { throw ExitCode(line.state.rawValue) }
    }

    private func request() throws -> InvokeRequest {
        var options: [String: String] = [:]
        for pair in set {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2, !halves[0].isEmpty else { throw ValidationError("--set requires KEY=VALUE, found '\(pair)'") }
            options[String(halves[0])] = String(halves[1])
        }
        if let timeout, !(0.001...86400).contains(timeout.seconds) {
            throw ValidationError("--timeout must be from 1ms to 24h")
        }
        return InvokeRequest(
            probe: probe, servers: server, allServers: allServers || output != .list && server.isEmpty, timeoutSeconds: timeout?.seconds,
            set: options,
            at: try at.map { try Decision.date($0, of: "--at") })
    }

    private func answer(to request: InvokeRequest) async throws -> InvokeAnswer {
        let transfers = try Composition.transfers()
        if !local {
            let deadline = Duration.seconds((timeout?.seconds ?? 600) + 30)
            let answer = try await Progress.shown("running \(request.probe)") {
                try await client.ask(common, transfers) { control throws(ControlClient.Unreachable) in
                    try await control.call(Endpoints.invoke, request, deadline: deadline)
                }
            }
            if let answer { return answer }
            Console.note("note: no agent is running; running the probe in this process")
        }
        var invocation = InvokeResults()
        try await RunCommand.guarded {
            let logger = LogFormat.silent
            let manager = try Composition.inProcess(try common.files(), transfers: transfers, logger: logger)
            invocation = await Progress.shown("running \(request.probe)") { await Invoker(manager).invoke(request, remote: false) }
        }
        return InvokeAnswer(invocation)
    }
}
