import FoundationEssentials
import Glibc
import Monitoring
import Probing
import TestSupport
import Testing

/// Real Prometheus and Alertmanager with the shipped rules, their waiting times scaled down.
@Suite struct PrometheusTests {
    private struct Answer: Decodable {
        struct Data: Decodable { var result: [Result] }
        struct Result: Decodable {}
        var status: String
        var data: Data?
        var error: String?
    }

    private struct Alert: Decodable {
        struct Status: Decodable { var state: String }
        var labels: [String: String]
        var annotations: [String: String]
        var status: Status
    }

    private struct Page: Decodable {
        var status: String
        var groupLabels: [String: String]
    }

    private static let dashboards: String = {
        let parts = #filePath.split(separator: "/").dropLast(3)
        return "/" + parts.joined(separator: "/") + "/dashboards"
    }()

    private static func freePort() async throws -> Int {
        let ended = try await Program.run(
            Program.python, ["-c", "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"])
        return try #require(Int(ended.output.filter(\.isNumber)))
    }

    private final class Stack {
        let prometheus: Program
        let alertmanager: Program
        let prometheusAddress: String
        let alertmanagerAddress: String

        /// - Parameter hook: who is paged.
        init(_ directory: TemporaryDirectory, agent: String, hook: String = "http://127.0.0.1:9094/") async throws {
            prometheusAddress = "127.0.0.1:\(try await PrometheusTests.freePort())"
            alertmanagerAddress = "127.0.0.1:\(try await PrometheusTests.freePort())"
            let shipped = { (name: String) in
                String(decoding: try Data(contentsOf: URL(filePath: PrometheusTests.dashboards + "/prometheus/" + name)), as: UTF8.self)
            }
            // An hour becomes a second: the order of events stays, the waiting does not.
            let rules = try shipped("alerts.yaml").replacing(#/for: \d+[mhd]/#, with: "for: 1s").replacing(
                "keep_firing_for: 15m", with: "keep_firing_for: 1s")
            try directory.write("prometheus/alerts.yaml", rules)
            try directory.write("prometheus/vantage.yaml", try shipped("vantage.yaml"))
            let configuration = try shipped("prometheus.yml").replacing("15s", with: "1s").replacing("127.0.0.1:9717", with: agent)
                .replacing("127.0.0.1:9093", with: alertmanagerAddress)
            try directory.write("prometheus/prometheus.yml", configuration)
            try directory.write(
                "prometheus/alertmanager.yml",
                try shipped("alertmanager.yml").replacing("group_wait: 30s", with: "group_wait: 1s").replacing(
                    "group_interval: 5m", with: "group_interval: 1s"
                ).replacing("http://127.0.0.1:9094/", with: hook))
            let folder = directory.path + "/prometheus"
            alertmanager = try Program(
                "prometheus-alertmanager",
                [
                    "--config.file=\(folder)/alertmanager.yml", "--storage.path=\(folder)/am",
                    "--web.listen-address=\(alertmanagerAddress)",
                    "--cluster.listen-address=",
                ])
            prometheus = try Program(
                "prometheus",
                [
                    "--config.file=\(folder)/prometheus.yml", "--storage.tsdb.path=\(folder)/tsdb",
                    "--web.listen-address=\(prometheusAddress)", "--rules.alert.resend-delay=1s",
                ])
        }

        deinit {
            prometheus.send(SIGKILL)
            alertmanager.send(SIGKILL)
        }

        func alerts() async throws -> [Alert] {
            let ended = try await Program.run("curl", ["-s", "http://\(alertmanagerAddress)/api/v2/alerts"])
            return (try? JSONDecoder().decode([Alert].self, from: Data(ended.output.utf8))) ?? []
        }

        func query(_ expression: String) async throws -> Answer? {
            let ended = try await Program.run(
                "curl", ["-s", "--data-urlencode", "query=\(expression)", "http://\(prometheusAddress)/api/v1/query"])
            return try? JSONDecoder().decode(Answer.self, from: Data(ended.output.utf8))
        }
    }

    @Test("an alert for a certificate that ends in 20 days reaches Alertmanager, and resolves once it is replaced")
    func alert() async throws {
        let site = try await AgentSite(every: "1s", timeout: "1s")
        _ = try await site.fault("on", "oauth-expires-very-soon")
        let daemon = try await site.startAgent()
        let stack = try await Stack(site.directory, agent: daemon.address)
        let name = "OAuthCertificateExpiresVerySoon"
        let fires = try await eventually(within: .seconds(60), every: .milliseconds(500)) {
            try await stack.alerts().contains { $0.labels["alertname"] == name }
        }
        #expect(fires, "\(stack.prometheus.errors.suffix(2000))")
        let alert = try #require(try await stack.alerts().first { $0.labels["alertname"] == name })
        #expect(alert.labels["severity"] == "critical" && alert.labels["server"] == nil)
        #expect(alert.annotations["description"]?.contains(" on mbx01.fabrikam.com") == true, "\(alert.annotations)")
        #expect(alert.annotations["remedy"]?.hasSuffix("Details: agent explain certificate_expires_very_soon") == true)
        #expect(try await stack.alerts().filter { $0.labels["alertname"] == name }.count == 1)
        _ = try await site.fault("off", "oauth-expires-very-soon")
        let resolves = try await eventually(within: .seconds(60), every: .milliseconds(500)) {
            try await !stack.alerts().contains { $0.labels["alertname"] == name }
        }
        #expect(resolves)
    }

    @Test("Prometheus's rules page nobody during maintenance, and an acknowledgement ends nothing: one command is enough for both worlds")
    func rehearsal() async throws {
        let hook = try await HookServer()
        let site = try await AgentSite(every: "1s", timeout: "1s")
        try site.directory.write(
            "probes/cert-expiry.yaml",
            """
            healthSet: OAuth
            name: CertificateExpiryProbe
            kind: cert-expiry
            every: 1s
            timeout: 1s
            monitors:
              - { name: CertificateExpiryMonitor, when: { consecutiveFailures: 1 }, severity: critical }

            """)
        let daemon = try await site.startAgent()
        func decide(_ words: [String]) async throws {
            let ended = try await site.agent(words)
            #expect(ended.status == 0, "\(ended)")
        }
        try await decide(["maintenance", "start", "--component", "OAuth", "--server", "*", "--for", "1h"])
        _ = try await site.fault("on", "oauth-expires-very-soon")
        let stack = try await Stack(site.directory, agent: daemon.address, hook: hook.url("/paged"))
        /// Waits until Prometheus has seen it so often, and has judged its rules as often.
        func seen(_ times: Int, _ selector: String) async throws -> Bool {
            try await eventually(within: .seconds(90), every: .milliseconds(500)) {
                try await stack.query("count_over_time(\(selector)[1h]) >= \(times)")?.data?.result.isEmpty == false
            }
        }
        /// Of the certificate: on a busy machine, the first scrape may come too late for the scaled-down AgentDown.
        func pages() -> [String] {
            hook.requests("/paged").compactMap { request in
                guard let page = try? JSONDecoder().decode(Page.self, from: Data(request.body.utf8)) else { return nil }
                return page.groupLabels["alertname"] == "AgentDown" ? nil : page.status
            }
        }

        #expect(try await seen(8, #"health_probe_reason_info{probe="CertificateExpiryProbe",reason="certificate_expires_very_soon"}"#))
        #expect(pages().isEmpty, "\(hook.requests("/paged"))")
        try await decide(["maintenance", "end", "--component", "OAuth", "--server", "*"])
        #expect(await eventually(within: .seconds(90)) { pages() == ["firing"] }, "\(hook.requests("/paged"))")

        try await decide(["acknowledge", "CertificateExpiryMonitor", "--comment", "on it"])
        #expect(try await seen(8, #"health_monitor_acknowledged{probe="CertificateExpiryProbe"}"#))
        let isSaid = try await eventually(within: .seconds(90), every: .milliseconds(500)) {
            try await stack.alerts().contains { $0.annotations["description"]?.contains("Acknowledged by ") == true }
        }
        #expect(isSaid)
        #expect(!pages().contains("resolved"))

        _ = try await site.fault("off", "oauth-expires-very-soon")
        #expect(await eventually(within: .seconds(90)) { pages().last == "resolved" })
    }
}
