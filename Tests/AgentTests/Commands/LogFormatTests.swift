import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// The log of the agent as JSON.
@Suite struct LogFormatTests {
    @Test("with --log-format json each line on standard error is one JSON object, with time, level, message and what belongs to it")
    func json() async throws {
        let site = try FileSite(["Files/Export"])
        let daemon = try await site.startAgent(["--log-format", "json", "--log-level", "debug"])
        #expect(!daemon.address.isEmpty)
        #expect(try await site.shows("Files", "Healthy"))
        try site.remove("Export")
        #expect(try await site.shows("Files", "Unhealthy"))
        daemon.program.send(SIGTERM)
        let ended = await daemon.program.ended()
        #expect(ended.status == 0 && ended.output == "")
        let lines = try ended.errors.split(separator: "\n").map { line in
            try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
        }
        let levels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]
        for line in lines {
            let date = try #require(line["time"])
            #expect(
                (try? Date(date, strategy: .iso8601)) != nil && levels.contains(line["level"] ?? "") && line["message"] != nil, "\(line)")
        }
        let succeeded = try #require(lines.first { $0["message"] == "probe ran" })
        #expect(succeeded["level"] == "debug" && succeeded["probe"] == "Files\\Export" && succeeded["result"] == "Succeeded")
        #expect(succeeded["request_id"].flatMap { UUID(uuidString: $0) } != nil)
        let failed = try #require(lines.first { $0["result"] == "Failed" })
        #expect(failed["level"] == "notice" && failed["reason"] == "snapshot_missing")
        #expect(failed["message"] == site.directory.path + "/watched/Export: No such file or directory")
        let changed = try #require(lines.first { $0["message"] == "monitor Degraded -> Unhealthy" })
        #expect(changed["level"] == "warning" && changed["monitor"] == "Files\\ExportMonitor")
    }
}
