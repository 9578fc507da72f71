import TestSupport
import Testing

/// Hostile peers where the agent goes by itself: documents, lists of targets, webhooks, Alertmanagers.
@Suite struct HostileScheduleTests {
    private static let ways = ["flood", "drip", "endless", "silent", "garbage", "half", "reset"]
    /// Why a document cannot be had.
    private static let reasons: [String: Set<String>] = [
        "flood": ["http_too_large"], "drip": ["timeout"], "endless": ["http_too_large", "timeout"], "silent": ["timeout"],
        "garbage": ["http_malformed"], "half": ["http_malformed", "connection_reset"], "reset": ["connection_reset"],
    ]
    /// Those whose answer begins with status 200: a webhook or Alertmanager that says so has taken what it was sent.
    private static let accepting: Set<String> = ["flood", "drip", "endless"]

    private static func configuration(_ peers: HostilePeers) -> String {
        func urls(_ scheme: String) -> [(way: String, url: String)] {
            ways.map { ($0, "http://\(peers.addresses["http \($0)"] ?? "")/") }
        }
        let servers = ways.map { way in
            "  - { name: \(way).fabrikam.com, roles: [Mailbox], address: \"\(peers.addresses["https \(way)"] ?? "")\" }"
        }
        let hooks = urls("http").map { "  - { name: hook-\($0.way), webhook: { url: \"\($0.url)\" } }" }
        return """
            organization: fabrikam.com
            stateDirectory: state
            listen: 127.0.0.1:0
            tls: { caFile: cert.pem }
            servers:
            \(servers.joined(separator: "\n"))
            alertmanagers: [\(urls("http").map { "\"\($0.url)\"" }.joined(separator: ", "))]
            responders:
            \(hooks.joined(separator: "\n"))

            """
    }

    @Test("they cost their own probe, list, webhook and alert alone: the innocent is probed on time, /metrics answers, memory stays")
    func held() async throws {
        let peers = try await HostilePeers()
        let directory = peers.directory
        try directory.write("agent.yaml", Self.configuration(peers))
        try directory.write(
            "probes/document.yaml", "healthSet: OAuth\nname: Document\nkind: metadata-reachability\nevery: 2s\ntimeout: 1s\n")
        try directory.write(
            "probes/web.yaml",
            "healthSet: Web\nname: Innocent\nkind: http\nevery: 5s\ntimeout: 5s\ntargets: [\"http://\(peers.innocent)/\"]\n")
        try directory.write(
            "probes/down.yaml",
            """
            healthSet: Web
            name: Down
            kind: tcp
            every: 1s
            timeout: 900ms
            targets: ["127.0.0.1:1"]
            monitors: [{ name: DownMonitor, when: { consecutiveFailures: 1 }, degradedFor: 0s }]

            """)
        for way in Self.ways {
            try directory.write(
                "probes/list-\(way).yaml",
                """
                healthSet: Web
                name: List\(way)
                kind: http
                every: 1s
                timeout: 900ms
                targetsFrom: { urls: ["http://\(peers.addresses["http \(way)"] ?? "")/"], refresh: 1s }

                """)
        }
        let daemon = try await peers.startAgent()
        let succeeded = "health_probe_runs_total{health_set=\"Web\",probe=\"Innocent\",server=\"\",target=\"http://\(peers.innocent)/\""
        _ = try await daemon.metrics()
        let before = daemon.memory
        func value(_ page: String, _ start: String, _ part: String = "") -> Int {
            page.split(separator: "\n").first { $0.hasPrefix(start) && $0.contains(part) }
                .flatMap { $0.split(separator: " ").last.flatMap { Int($0) } } ?? 0
        }
        var page = ""
        let isDone = try await eventually(within: .seconds(120)) {
            page = try await daemon.metrics()
            return value(page, succeeded, "result_type=\"Succeeded\"") >= 5 && Self.missing(in: page).isEmpty
        }
        #expect(isDone, "\(Self.missing(in: page)) in \(page)")
        for type in ["Failed", "Timeout", "Poisoned", "Rejected"] {
            #expect(value(page, succeeded, "result_type=\"\(type)\"") == 0, "the innocent probe: \(type)")
        }
        let grown = daemon.memory - before
        #expect(grown < 32, "memory grew by \(grown) MiB")
    }

    /// What each way must have come to, and is not yet on the page.
    private static func missing(in page: String) -> [String] {
        let lines = page.split(separator: "\n")
        func holds(_ start: String, _ parts: String...) -> Bool {
            lines.contains { line in line.hasPrefix(start) && parts.allSatisfy { line.contains($0) } }
        }
        let unreachable = lines.count { $0.hasPrefix("health_alertmanager_reachable{") && $0.hasSuffix("} 0") }
        let expected = ways.count - accepting.count
        let alertmanagers = unreachable == expected ? [] : ["\(unreachable) unreachable Alertmanagers, not \(expected)"]
        return alertmanagers
            + ways.flatMap { way in
                let known = reasons[way] ?? []
                let outcome = accepting.contains(way) ? "succeeded" : "failed"
                let isKnown = known.contains { holds("health_probe_reason_info{", "server=\"\(way).fabrikam.com\"", "reason=\"\($0)\"") }
                return [
                    isKnown ? nil : "\(way): \(known)",
                    holds("health_agent_target_list_successful{", "List\(way)\"", "} 0") ? nil : "\(way): list",
                    holds("health_responder_attempts_total{", "hook-\(way)\"", outcome) ? nil : "\(way): webhook",
                ].compactMap(\.self)
            }
    }
}
