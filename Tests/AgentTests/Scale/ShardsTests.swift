import FoundationEssentials
import TestSupport
import Testing

/// Three agents that share many targets.
@Suite(.enabled(if: ScaleSite.isAllowed)) struct ShardsTests {
    @Test("three shards probe each target exactly once, the agents by themselves and Prometheus with hashmod in the same way")
    func shards() async throws {
        let site = try await ScaleSite("hub")
        let targets = (1...30).map { "127.0.2.\($0):7000" }
        let listener = """
            import socket, sys
            listener = socket.create_server(("0.0.0.0", 7000))
            print("ready", file=sys.stderr, flush=True)
            while True: listener.accept()[0].close()
            """
        let server = try site.start("hub", Program.python, ["-c", listener])
        #expect(await server.says("ready"))
        let list = targets.map { "\"\($0)\"" }.joined(separator: ", ")
        try site.directory.write("targets.json", "[{\"targets\": [\(list)]}]")
        let servers = targets.enumerated().map { "  - { name: mbx\($0.offset).fabrikam.com, address: \($0.element) }\n" }.joined()
        for index in 0..<3 {
            _ = try await site.startAgent(
                "hub", "agent-\(index)", listen: "127.0.1.\(index):9717",
                configuration: "vantage: east\nshard: { index: \(index), of: 3 }\nservers:\n\(servers)",
                definition: ScaleSite.definition("targetsFrom: { files: [\(site.directory.path)/targets.json] }"))
        }
        let configuration =
            "global: { scrape_interval: 1s }\n"
            + (try site.shipped("shards.yml")).replacing(".fabrikam.com:9717", with: ":9717")
            .replacing("agent-", with: "127.0.1.")
        try await site.startPrometheus("hub", "prometheus", port: 9090, configuration: configuration)
        #expect(try await site.becomes(["30"], "hub", port: 9090, "count(probe_success == 1)"))
        let series = try await site.query("hub", port: 9090, "probe_success") ?? []
        #expect(series.compactMap { $0.labels["instance"] }.sorted() == targets.sorted())

        #expect(try await site.get("hub", "http://127.0.1.0:9717/sd").contains("\"__meta_agent_vantage\":\"east\""))

        var all: [String] = []
        for index in 0..<3 {
            var own: [String] = []
            let ran = try await eventually(within: .seconds(60)) {
                let metrics = try await site.get("hub", "http://127.0.1.\(index):9717/metrics")
                own = metrics.split(separator: "\n").filter { $0.hasPrefix("health_probe_interval_seconds{") }.compactMap { line in
                    line.firstRange(of: "target=\"").map { String(line[$0.upperBound...].prefix { $0 != "\"" }) }
                }
                return !own.isEmpty
                    && metrics.split(separator: "\n").filter { $0.hasPrefix("health_probe_success{") && $0.hasSuffix(" 1") }.count
                        == own.count
            }
            #expect(ran)
            all += own
            let asked = try await scraped(through: "127.0.1.\(index):9717", site)
            #expect(own.sorted() == asked.sorted() && !own.isEmpty)
        }
        #expect(all.sorted() == targets.sorted())
    }

    private struct Targets: Decodable {
        struct Data: Decodable { var activeTargets: [Target] }
        struct Target: Decodable {
            var scrapeUrl: String
            var labels: [String: String]
        }
        var data: Data
    }

    /// The instances that Prometheus asks of one agent.
    private func scraped(through agent: String, _ site: ScaleSite) async throws -> [String] {
        let text = try await site.get("hub", "http://127.0.0.1:9090/api/v1/targets?state=active")
        return try JSONDecoder().decode(Targets.self, from: Data(text.utf8)).data.activeTargets.filter { $0.scrapeUrl.contains(agent) }
            .compactMap { $0.labels["instance"] }
    }
}
