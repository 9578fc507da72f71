import API
import ArgumentParser
import Documents
import FoundationEssentials
import HealthManager
import Monitoring
import Probing
import Transfers

struct ProbesCommand: AsyncParsableCommand {
    enum Form: String, ExpressibleByArgument, CaseIterable { case table, json }

    static let configuration = CommandConfiguration(
        commandName: "probes", abstract: "List the probes of each server, with last and next run.")

    @Option(name: .customLong("health-set"), help: "Only this health set.") var healthSet: String?
    @Option(help: "Only this server.") var server: String?
    @Option(help: "Output format: table or json.") var output: Form = .table
    @Flag(help: "Read the configuration in this process even if an agent is running.") var local = false
    @OptionGroup var client: ClientOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let probes = try await documents().filter { probe in
            (healthSet.map { $0.lowercased() == probe.healthSet.lowercased() } ?? true)
                && (server.map { probe.server.lowercased().hasPrefix($0.lowercased()) } ?? true)
        }
        if probes.isEmpty, server != nil || healthSet != nil {
            throw Console.failure("no matching probes: 'agent probes' lists all of them")
        }
        switch output {
        case .json: Console.out(String(decoding: try JSONText.encode(probes, pretty: true), as: UTF8.self))
        case .table: Console.out(Self.table(probes))
        }
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
        if !local, let documents = try await agentsDocuments(transfers) { return documents }
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

    /// - Returns: nil if no agent is running.
    private func agentsDocuments(_ transfers: Transfers) async throws -> [ProbeDocument]? {
        let control = try client.client(common, transfers: transfers)
        let bytes: [UInt8]
        do throws(ControlClient.Unreachable) { bytes = try await control.send(.get, "/api/v1/probes", deadline: .seconds(30)) } catch {
            switch error {
            case .refused(let sentence): throw Console.failure(sentence)
            case .noAgent:
                Console.note("note: no agent is running; showing the probes that the configuration defines")
                return nil
            }
        }
        return try JSONText.decode([ProbeDocument].self, from: bytes)
    }
}
