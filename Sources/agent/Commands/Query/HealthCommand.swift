import API
import ArgumentParser
import FoundationEssentials
import Monitoring
import Transfers

struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Show health sets and monitors, worst first.",
        discussion:
            "A problem that its monitor does not count as one yet is shown in brackets, as in `Healthy (failing, 1 of 3)`, and so is a probe that cannot judge. Exit status: 0 if no health set is Degraded, Unhealthy or Repairing (with --strict: and there is no such problem), 1 otherwise, 2 if the agent cannot be reached."
    )

    @Option(help: "Only this server.", completion: .name(of: .server)) var server: String?
    @Option(name: .customLong("health-set"), help: "Only this health set, with its monitors.", completion: .name(of: .healthSet))
    var healthSet: String?
    @Flag(name: .customLong("roll-up"), help: "One line per health set, across all servers.") var rollUp = false
    @Flag(help: "Exit with status 1 also for a problem that its monitor does not count as one yet.") var strict = false
    @Flag(help: "Keep running, and print again when something changes.") var watch = false
    @OptionGroup var output: OutputOptions
    @OptionGroup var control: ControlOptions

    private static let pause: Duration = .seconds(2)

    func run() async throws {
        var shown = ""
        while true {
            let report = try await report()
            if report.healthSets.isEmpty, server != nil || healthSet != nil {
                throw Console.failure("no matching monitors: 'agent health' lists all of them")
            }
            let text = try text(report)
            if text != shown { Console.out(watch && !shown.isEmpty ? "\n" + text : text) }
            shown = text
            guard watch else {
                let isWell = report.healthSets.allSatisfy {
                    ![.unhealthy, .degraded, .repairing].map(\HealthState.name).contains($0.alertValue)
                }
                if !isWell || strict && report.monitors.contains(where: { $0.pending != nil }) { throw ExitCode(1) }
                return
            }
            try await Task.sleep(for: Self.pause)
        }
    }

    private func report() async throws -> HealthReport {
        try await control.require { agent throws(ControlClient.Unreachable) in
            try await agent.call(Endpoints.health, [("server", server), ("healthSet", healthSet)])
        }
    }

    private func text(_ report: HealthReport) throws -> String {
        try output.text(report) {
            guard !report.monitors.isEmpty else { return "no monitors are defined" }
            let sets = Self.table(rollUp ? report.rolledUp : report.healthSets)
            let shown = report.monitors.filter { healthSet != nil || $0.episodeBegan != nil || $0.pending != nil }
            return shown.isEmpty ? sets : sets + "\n\n" + Self.table(shown)
        }
    }

    private static func table(_ sets: [HealthSetDocument]) -> String {
        TextTable(
            header: ["SERVER", "STATE", "HEALTHSET", "ALERTVALUE", "LAST TRANSITION", "MONITORS"],
            rows: sets.map {
                [
                    $0.server, $0.state.rawValue, $0.healthSet, $0.alertValue, $0.lastTransitionTime.formatted(.iso8601),
                    "\($0.monitorCount)",
                ]
            }
        ).text
    }

    private static func table(_ monitors: [MonitorDocument]) -> String {
        TextTable(
            header: ["SERVER", "MONITOR", "ALERTVALUE", "SINCE", "REASON", "DETAILS"],
            rows: monitors.map { monitor in
                let pending = monitor.pending.map { pending in
                    pending.problem + (pending.needed.map { ", \(pending.runs) of \($0)" } ?? "")
                }
                let marks = [
                    pending, monitor.flapping ? "flapping" : nil, monitor.inactiveSince == nil ? nil : "in maintenance",
                ].compactMap(\.self)
                let value = ([monitor.alertValue] + marks.map { "(\($0))" }).joined(separator: " ")
                let by = monitor.acknowledgedBy.map { "acknowledged by \($0)" }
                return [
                    monitor.address ?? monitor.server, monitor.monitorIdentity, value,
                    (monitor.pending?.since ?? monitor.since).formatted(.iso8601),
                    monitor.reason ?? "", [by, monitor.sentence].compactMap(\.self).joined(separator: "; "),
                ]
            }
        ).text
    }
}
