import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// Two agents at two vantage points; Prometheus with the shipped rules, and VictoriaMetrics with vmalert.
@Suite(.enabled(if: ScaleSite.isAllowed)) struct VantageTests {
    private struct Network {
        let site: ScaleSite
        let hook: HookServer
        let servers: [Program]
        /// The paths of the hook that alerts come to, one for each program that evaluates the rules.
        let paths = ["/prometheus", "/vmalert"]

        /// What is alerted about targets and vantage points.
        func alerts(_ path: String) -> [String] {
            hook.alerts(path).filter { !$0.contains("alertname=AgentDown") && !$0.contains("alertname=ProbeStale") }
        }
    }

    /// `hub` has an agent and all that evaluates, `branch` the other agent, `target` two servers at 192.0.2.10, which both reach by links of
    /// their own: 1 from the hub, 2 from the branch. Link 3 connects hub and branch.
    private static func network() async throws -> Network {
        let site = try await ScaleSite("hub", "branch", "target")
        try await site.connect("hub", "target", network: 1)
        try await site.connect("branch", "target", network: 2)
        try await site.connect("hub", "branch", network: 3)
        try await site.ip("target", "addr add 192.0.2.10/32 dev lo")
        try await site.ip("hub", "route add 192.0.2.10 via 10.1.0.2")
        try await site.ip("branch", "route add 192.0.2.10 via 10.2.0.2")
        let hook = try await HookServer(through: site.prefix("hub"))
        var servers: [Program] = []
        for port in ["80", "81"] {
            servers.append(
                try site.start(
                    "target", Program.python, ["-m", "http.server", port, "--bind", "192.0.2.10", "--directory", site.directory.path]))
        }
        for (machine, name, address) in [("hub", "east", "10.3.0.1:9717"), ("branch", "west", "10.3.0.2:9717")] {
            _ = try await site.startAgent(
                machine, name, listen: address, configuration: "vantage: \(name)\n",
                definition: ScaleSite.definition("targets: [\"192.0.2.10:80\", \"192.0.2.10:81\"]"))
        }
        for name in ["alerts.yaml", "vantage.yaml"] { try site.writeRules(name) }
        try await site.startAlertmanager("hub", port: 9093, notifying: hook.url("/prometheus"))
        let configuration = try site.shipped("prometheus.yml").replacing("15s", with: "1s")
            .replacing("[\"127.0.0.1:9717\"]", with: "[\"10.3.0.1:9717\", \"10.3.0.2:9717\"]")
        try await site.startPrometheus("hub", "prometheus", port: 9090, configuration: configuration)
        let folder = site.directory.path
        try site.start(
            "hub", "victoria-metrics",
            [
                "-storageDataPath=\(folder)/vm", "-httpListenAddr=127.0.0.1:8428", "-search.latencyOffset=0s",
                "-promscrape.config=\(folder)/prometheus.yml", "-promscrape.config.strictParse=false",
            ])
        try await site.answers("hub", "http://127.0.0.1:8428/health")
        try await site.startAlertmanager("hub", port: 9094, notifying: hook.url("/vmalert"))
        let store = "http://127.0.0.1:8428"
        try site.start(
            "hub", "vmalert",
            [
                "-rule=\(folder)/vantage.yaml", "-datasource.url=\(store)", "-remoteWrite.url=\(store)",
                "-notifier.url=http://127.0.0.1:9094", "-evaluationInterval=1s", "-remoteWrite.flushInterval=1s",
                "-httpListenAddr=127.0.0.1:8880",
            ])
        return Network(site: site, hook: hook, servers: servers)
    }

    @Test(
        "a cut segment pages nobody and warns once; a target that is reachable from nowhere pages once, also while a vantage point is gone")
    func cut() async throws {
        let network = try await Self.network()
        let site = network.site
        let ports = [9090, 8428]
        for port in ports { #expect(try await site.becomes(["1", "1"], "hub", port: port, "target:health_probe_success:avg"), "\(port)") }

        // The far end of the branch's link to the target, as if the cable were cut.
        try await site.ip("target", "link set branch down")
        let failing = "alertname=VantagePointFailing severity=warning vantage=west"
        for (port, path) in zip(ports, network.paths) {
            #expect(try await site.becomes(["0.5", "0.5"], "hub", port: port, "target:health_probe_success:avg"), "\(port)")
            #expect(try await site.becomes(["1", "1"], "hub", port: port, "target:health_probe_success:max"), "\(port)")
            #expect(await eventually(within: .seconds(90)) { network.alerts(path) == ["firing \(failing)"] }, "\(network.alerts(path))")
        }
        try await site.ip("target", "link set branch up")
        for path in network.paths {
            #expect(
                await eventually(within: .seconds(90)) { network.alerts(path) == ["firing \(failing)", "resolved \(failing)"] },
                "\(network.alerts(path))")
        }
        #expect(try await site.becomes([], "hub", port: 9090, "ALERTS{alertname!~\"AgentDown|ProbeStale\"}"))

        network.servers[0].send(SIGKILL)
        let unreachable = "firing alertname=TargetUnreachable health_set=Web probe=Front severity=critical target=192.0.2.10:80"
        for path in network.paths {
            #expect(
                await eventually(within: .seconds(90)) { network.alerts(path).dropFirst(2) == [unreachable] }, "\(network.alerts(path))")
        }
        // Both agents have counted it as a problem by now.
        #expect(try await site.becomes(["2", "2"], "hub", port: 9090, "health_set_state"))

        // Nothing of the branch is seen any more: what its agent said last must not stand in for it.
        try await site.ip("hub", "link set branch down")
        for port in ports {
            #expect(
                try await site.becomes(["0"], "hub", port: port, "target:health_probe_success:max{target=\"192.0.2.10:80\"}"), "\(port)")
            #expect(
                try await site.becomes(["1"], "hub", port: port, "target:health_probe_success:avg{target=\"192.0.2.10:81\"}"), "\(port)")
            #expect(
                try await site.becomes(["1"], "hub", port: port, "count(vantage:health_probe_success:max{target=\"192.0.2.10:81\"})"),
                "\(port)")
        }
        let down = "firing alertname=AgentDown instance=10.3.0.2:9717 scope=scrape severity=critical"
        #expect(await eventually(within: .seconds(90)) { network.hook.alerts("/prometheus").contains(down) })
        for path in network.paths {
            #expect(network.alerts(path).dropFirst(2) == [unreachable], "\(network.alerts(path))")
        }
    }
}
