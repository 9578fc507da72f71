import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// An agent and Prometheus in agent mode on one machine; on another one a second Prometheus, and VictoriaMetrics.
@Suite(.enabled(if: ScaleSite.isAllowed)) struct StoreTests {
    @Test("no sample is lost while the stores cannot be reached, and a series that ends is gone from them at once")
    func outage() async throws {
        let site = try await ScaleSite("branch", "hub")
        try await site.connect("branch", "hub", network: 1)
        let folder = site.directory.path
        try site.directory.write("targets.json", "[{\"targets\": [\"127.0.0.1:1\", \"127.0.0.1:2\"]}]")
        _ = try await site.startAgent(
            "branch", "agent", listen: "127.0.0.1:9717", configuration: "",
            definition: ScaleSite.definition("targetsFrom: { files: [\(folder)/targets.json], refresh: 1s }"))
        try site.directory.write("none.yml", "global: { scrape_interval: 1m }\n")
        let ports = [9090, 8428]
        try site.start(
            "hub", "prometheus",
            [
                "--config.file=\(folder)/none.yml", "--storage.tsdb.path=\(folder)/central", "--web.listen-address=0.0.0.0:9090",
                "--web.enable-remote-write-receiver",
            ])
        try await site.answers("hub", "http://127.0.0.1:9090/-/ready")
        try site.start(
            "hub", "victoria-metrics", ["-storageDataPath=\(folder)/vm", "-httpListenAddr=0.0.0.0:8428", "-search.latencyOffset=0s"])
        try await site.answers("hub", "http://127.0.0.1:8428/health")
        // As shipped, with a list in place of the one address: what is taken from a list leaves nothing else changed.
        let shipped = try site.shipped("agent-mode.yml").replacing("15s", with: "1s").replacing("127.0.0.1:8428", with: "10.1.0.2:8428")
            .replacing("127.0.0.1:9090", with: "10.1.0.2:9090")
        let sources = try #require(shipped.firstRange(of: "    static_configs:")),
            rest = try #require(shipped.firstRange(of: "remote_write:"))
        let forwarding =
            shipped[..<sources.lowerBound] + "    file_sd_configs: [{ files: [\(folder)/agents.json], refresh_interval: 1s }]\n"
            + shipped[rest.lowerBound...]
        try site.directory.write("agents.json", "[{\"targets\": [\"127.0.0.1:9717\"]}]")
        try await site.startPrometheus(
            "branch", "forwarding", port: 9091, configuration: String(forwarding), ["--enable-feature=agent"])
        for port in ports { #expect(try await site.becomes(["2"], "hub", port: port, "count(health_probe_success == 0)"), "\(port)") }

        try await site.ip("hub", "link set branch down")
        let sent = "prometheus_remote_storage_queue_highest_sent_timestamp_seconds"
        func metric(_ name: String) async throws -> [Double] {
            try await site.get("branch", "http://127.0.0.1:9091/metrics").split(separator: "\n").filter { $0.hasPrefix(name) }
                .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
        }
        let waits = try await eventually(within: .seconds(120), every: .milliseconds(500)) {
            let newest = try await metric("prometheus_remote_storage_highest_timestamp_in_seconds").max() ?? 0
            return try await metric(sent + "{").filter { port in newest - port >= 10 }.count >= ports.count
        }
        #expect(waits, "the outage lasts until ten seconds of samples wait")
        try await site.ip("hub", "link set branch up")
        for port in ports { #expect(try await site.becomes(["2"], "hub", port: port, "count(health_probe_success == 0)"), "\(port)") }

        // A target that is removed takes its series with it, at once and not after five minutes.
        try site.directory.write("targets.json", "[{\"targets\": [\"127.0.0.1:1\"]}]")
        for port in ports {
            #expect(try await site.becomes(["127.0.0.1:1"], "hub", port: port, "health_probe_success", by: "target"), "\(port)")
        }

        // So does an agent. What has been scraped is then known, and all of it must have come.
        try site.directory.write("agents.json", "[]")
        for port in ports { #expect(try await site.becomes([], "hub", port: port, "up{job=\"agent\"}"), "\(port)") }
        // It counts the intervals between the scrapes.
        let scrapes = try #require(try await metric("prometheus_target_interval_length_seconds_count").first) + 1
        #expect(scrapes >= 12)
        for port in ports {
            let all = ["\(Int(scrapes))"]
            let isComplete = try await site.becomes(all, "hub", port: port, "count_over_time(up{job=\"agent\"}[1h])")
            let kept = try await site.query("hub", port: port, "count_over_time(up{job=\"agent\"}[1h])") ?? []
            #expect(isComplete, "\(port): \(kept), not \(all)")
        }
        #expect(try await metric("prometheus_remote_storage_samples_dropped_total{").allSatisfy { $0 == 0 })
        #expect(try await metric("prometheus_remote_storage_samples_failed_total{").allSatisfy { $0 == 0 })
    }
}
