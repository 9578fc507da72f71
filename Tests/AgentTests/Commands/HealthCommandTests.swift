import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// `agent health`, on its own, with `--roll-up` and with `--watch`.
@Suite struct HealthCommandTests {
    /// The cells of a table, which are separated by two spaces or more.
    private static func cells(_ line: some StringProtocol) -> [String] {
        line.split(separator: "  ").map { String($0.drop { $0 == " " }) }.filter { !$0.isEmpty }
    }

    /// The columns of a report's first table, by the names in its header.
    private static func rows(_ text: String) throws -> [[String: String]] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).prefix { !$0.isEmpty }.map(String.init)
        let header = try #require(lines.first)
        let names = cells(header)
        let starts = try names.map { name in
            header.distance(from: header.startIndex, to: try #require(header.firstRange(of: name)).lowerBound)
        }
        return lines.dropFirst().map { line in
            var row: [String: String] = [:]
            for (index, name) in names.enumerated() {
                let rest = line.dropFirst(starts[index])
                let cell = index + 1 < starts.count ? rest.prefix(starts[index + 1] - starts[index]) : rest
                row[name] = String(cell.reversed().drop { $0 == " " }.reversed())
            }
            return row
        }
    }

    @Test("--roll-up has one line for each health set over all servers, with the worst state, and the number of all its monitors")
    func rollUp() async throws {
        let site = try FileSite(["Files/Export", "Backup/Nightly"], servers: ["mbx01", "mbx02"])
        let daemon = try await site.startAgent()
        for set in ["Files", "Backup"] { for server in ["mbx01", "mbx02"] { #expect(try await site.shows(server, set, "Healthy")) } }
        var ended = try await site.agent(["health", "--roll-up"])
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(
            try Self.rows(ended.output).map { [$0["SERVER"], $0["HEALTHSET"], $0["ALERTVALUE"], $0["MONITORS"]] } == [
                ["", "Backup", "Healthy", "2"], ["", "Files", "Healthy", "2"],
            ])
        #expect(try await site.agent(["maintenance", "start", "--server", "mbx02", "--component", "Files", "--for", "1h"]).status == 0)
        try site.remove("Export")
        #expect(try await site.shows("mbx01", "Files", "Unhealthy"))
        #expect(try await site.shows("mbx02", "Files", "Unhealthy"))
        // The server that comes last is the better one.
        #expect(try await site.agent(["acknowledge", "ExportMonitor", "--server", "mbx02"]).status == 0)
        #expect(try await site.shows("mbx02", "Files", "Repairing"))
        ended = try await site.agent(["health", "--roll-up"])
        #expect(ended.status == 1, "\(ended.errors)")
        let rows = try Self.rows(ended.output)
        #expect(
            rows.map { [$0["HEALTHSET"], $0["ALERTVALUE"], $0["STATE"]] } == [
                ["Files", "Unhealthy", "Partially Online"], ["Backup", "Healthy", "Online"],
            ], "\(ended.output)")
        // The monitors that have a problem are listed with their servers all the same.
        let monitors = ended.output.split(separator: "\n").filter { $0.contains("Files\\ExportMonitor") }
        #expect(monitors.count == 2 && monitors.contains { $0.contains("mbx02") && $0.contains("(in maintenance)") }, "\(ended.output)")
        let whole = try Self.rows(try await site.agent(["health"]).output)
        #expect(whole.count == 4 && whole.allSatisfy { $0["MONITORS"] == "1" })
        withExtendedLifetime(daemon) {}
    }

    @Test("--watch goes on, prints the report again when something has changed, and only then; it ends with the agent, with status 2")
    func watch() async throws {
        let site = try FileSite(["Files/Export"])
        let daemon = try await site.startAgent()
        #expect(try await site.shows("Files", "Healthy"))
        let watch = try Program(AgentSite.executable, ["health", "--watch"] + site.files)
        func reports() -> [String] { watch.printed.split(separator: "SERVER  STATE").filter { $0.contains("HEALTHSET") }.map(String.init) }
        #expect(await eventually(within: .seconds(60)) { reports().count == 1 && watch.printed.contains("Healthy") })
        // As long as nothing changes, nothing is printed, over several seconds by the agent's own count.
        func runs() async throws -> Double {
            let samples = try MetricsText(try await daemon.metrics()).samples
            return samples.filter { $0.key.hasPrefix("health_probe_runs_total{") }.values.reduce(0, +)
        }
        let before = try await runs()
        #expect(try await eventually(within: .seconds(60)) { try await runs() >= before + 6 })
        #expect(reports().count == 1)
        try site.remove("Export")
        #expect(await eventually(within: .seconds(60)) { reports().last?.contains("Files\\ExportMonitor") == true })
        #expect(await eventually(within: .seconds(60)) { reports().last?.contains("Unhealthy") == true })
        try site.put("Export")
        #expect(await eventually(within: .seconds(60)) { reports().last?.contains("Unhealthy") == false })
        let all = reports()
        #expect(zip(all, all.dropFirst()).allSatisfy { $0 != $1 }, "\(all)")
        #expect((3...4).contains(all.count) && all[0].contains("Healthy") && !all[0].contains("ExportMonitor"), "\(all)")
        daemon.program.send(SIGTERM)
        _ = await daemon.program.ended()
        let ended = await watch.ended()
        #expect(ended.status == 2 && ended.errors.hasPrefix("error: no agent is running"), "\(ended.errors)")
    }

    @Test("a problem that its monitor does not count as one yet is shown with its reason and its count; --strict makes it status 1")
    func pending() async throws {
        let site = try FileSite(["Files/Export"], failures: 1000)
        let daemon = try await site.startAgent()
        #expect(try await site.shows("Files", "Healthy"))
        var ended = try await site.agent(["health", "--strict"])
        #expect(ended.status == 0 && !ended.output.contains("failing"), "\(ended.output)")
        try site.remove("Export")
        #expect(try await site.shows("Files\\ExportMonitor", "Healthy (failing, ", " of 1000)", "snapshot_missing"))
        #expect(try await site.agent(["health"]).status == 0)
        ended = try await site.agent(["health", "--strict", "--output", "json"])
        #expect(ended.status == 1 && ended.output.contains("\"needed\""), "\(ended.output)")
        try site.put("Export")
        #expect(try await eventually(within: .seconds(60)) { try await site.agent(["health", "--strict"]).status == 0 })
        withExtendedLifetime(daemon) {}
    }

    @Test("a probe that cannot judge is shown with its reason, before and after it could; --strict makes it status 1")
    func inconclusive() async throws {
        let site = try FileSite(["Files/Export"], failures: 1000)
        try site.remove("Export")
        // A link to itself: neither there nor missing.
        try FileManager.default.createSymbolicLink(atPath: site.directory.path + "/watched/Export", withDestinationPath: "Export")
        let daemon = try await site.startAgent()
        #expect(try await site.shows("Files\\ExportMonitor", "Unknown (cannot judge)", "system_refused"))
        #expect(try await site.agent(["health"]).status == 0)
        #expect(try await site.agent(["health", "--strict"]).status == 1)
        try site.remove("Export")
        #expect(try await site.shows("Files\\ExportMonitor", "(failing, ", "snapshot_missing"))
        try FileManager.default.createSymbolicLink(atPath: site.directory.path + "/watched/Export", withDestinationPath: "Export")
        #expect(try await site.shows("Files\\ExportMonitor", "(failing, ", "system_refused"))
        try site.remove("Export")
        try site.put("Export")
        #expect(try await eventually(within: .seconds(60)) { try await site.agent(["health", "--strict"]).status == 0 })
        withExtendedLifetime(daemon) {}
    }
}
