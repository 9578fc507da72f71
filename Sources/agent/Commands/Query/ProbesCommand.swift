import API
import ArgumentParser
import FoundationEssentials
import HealthManager
import Monitoring
import Probing
import Transfers

struct ProbesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probes", abstract: "List the probes of each server, with last and next run.")

    @Option(name: .customLong("health-set"), help: "Only this health set.", completion: .name(of: .healthSet)) var healthSet: String?
    @Option(help: "Only this server.", completion: .name(of: .server)) var server: String?
    @OptionGroup var output: OutputOptions
    @Flag(help: "Read the configuration in this process even if an agent is running.") var local = false
    @OptionGroup var client: ClientOptions
    @OptionGroup var common: CommonOptions
    @OptionGroup(visibility: .hidden) var daemon: DaemonOptions

    func run() async throws {
        let probes = try await documents().filter { probe in
            (healthSet.map { $0.lowercased() == probe.healthSet.lowercased() } ?? true)
                && (server.map { probe.server.lowercased().hasPrefix($0.lowercased()) } ?? true)
        }
        if probes.isEmpty, server != nil || healthSet != nil {
            throw Console.failure("no matching probes: 'agent probes' lists all of them")
        }
        try output.print(probes) { Self.table(probes) }
    }

    static func table(_ probes: [ProbeDocument]) -> String {
        TextTable(
            header: ["PROBE", "SERVER", "EVERY", "RESULT", "REASON", "LAST RUN", "NEXT RUN"],
            rows: probes.map { probe in
                let result = probe.defined ? probe.resultType.map { probe.warning ? $0 + " (warning)" : $0 } ?? "-" : "not defined"
                return [
                    probe.monitorIdentity, probe.address ?? probe.server, DurationText.format(.seconds(probe.everySeconds)), result,
                    probe.reason ?? probe.notDefined ?? "", probe.lastRun?.formatted(.iso8601) ?? "-",
                    probe.nextRun?.formatted(.iso8601) ?? "-",
                ]
            }
        ).text
    }

    private func documents() async throws -> [ProbeDocument] {
        let transfers = try Composition.transfers()
        if !local {
            let documents = try await client.ask(common, transfers) { control throws(ControlClient.Unreachable) in
                try await control.call(Endpoints.probes, deadline: .seconds(30))
            }
            if let documents { return documents }
            Console.note("note: no agent is running; showing the probes that the configuration defines")
        }
        var documents: [ProbeDocument] = []
        try await RunCommand.guarded {
            let manager = try Composition.inProcess(try common.files(), transfers: transfers, logger: LogFormat.silent)
            await manager.lookAtTargets()
            for fact in await manager.agentFacts().facts.targetLists {
                if let problem = fact.problem { Console.note("warning: \(fact.definition): \(problem)") }
            }
            documents = ProbeDocument.all(in: await manager.snapshot()).map { probe in
                var unscheduled = probe
                unscheduled.nextRun = nil
                return unscheduled
            }
        }
        return documents
    }
}
