import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// Two agents that watch the same target, with a lock file, an Alertmanager and a Prometheus that both share.
@Suite(.enabled(if: ScaleSite.isAllowed)) struct TwinsTests {
    private struct Event: Decodable { var trigger: String }

    @Test("twins alert once and act once; when the one that acts is killed, the other acts, and repeats nothing")
    func twins() async throws {
        let site = try await ScaleSite("hub")
        let hook = try await HookServer(through: site.prefix("hub"))
        let folder = site.directory.path
        try await site.startAlertmanager("hub", port: 9093, notifying: hook.url("/sent"))
        try await site.startAlertmanager("hub", port: 9094, notifying: hook.url("/rules"))
        let target = try site.start("hub", Program.python, ["-m", "http.server", "8000", "--bind", "127.0.0.1", "--directory", folder])
        try await site.answers("hub", "http://127.0.0.1:8000/")
        func agent(_ name: String, _ port: Int) async throws -> Program {
            try await site.startAgent(
                "hub", name, listen: "127.0.0.1:\(port)",
                configuration: """
                    vantage: east
                    responderLock: ../lock
                    alertmanagers: ["http://127.0.0.1:9093"]
                    responders:
                      - { name: ticket, webhook: { url: "\(hook.url("/ticket"))" }, on: [unhealthy, recovered] }
                      - name: write
                        command: [/bin/sh, -c, "cat > /dev/null; echo \(name) $AGENT_TRIGGER >> \(folder)/written"]
                        on: [unhealthy, recovered]

                    """, definition: ScaleSite.definition("targets: [\"127.0.0.1:8000\"]"))
        }
        let first = try await agent("first", 9717)
        #expect(await first.said("webhooks and commands are run by this agent"), "\(first.errors)")
        let second = try await agent("second", 9718)
        #expect(await second.said("webhooks and commands are run by another agent, this one stands by"), "\(second.errors)")
        #expect(second.errors.contains("process \(first.pid)"))
        for name in ["alerts.yaml", "vantage.yaml"] { try site.writeRules(name) }
        let configuration = try site.shipped("prometheus.yml").replacing("15s", with: "1s").replacing(
            "127.0.0.1:9093", with: "127.0.0.1:9094"
        )
        .replacing("[\"127.0.0.1:9717\"]", with: "[\"127.0.0.1:9717\", \"127.0.0.1:9718\"]")
        try await site.startPrometheus("hub", "prometheus", port: 9090, configuration: configuration)
        #expect(try await site.becomes(["1", "1"], "hub", port: 9090, "health_probe_success"))
        #expect(try await site.becomes(["0", "1"], "hub", port: 9090, "health_agent_leader"))

        target.send(SIGKILL)
        func events() -> [String] {
            hook.requests("/ticket").compactMap { try? JSONDecoder().decode(Event.self, from: Data($0.body.utf8)).trigger }
        }
        // Without what is said of the agents themselves.
        func paged(_ status: String) -> [String] {
            hook.alerts("/rules").filter {
                $0.hasPrefix(status) && !$0.contains("alertname=AgentDown") && !$0.contains("alertname=ProbeStale")
            }
            .map { String($0.dropFirst(status.count + 1)) }.sorted()
        }
        let sent = "alertname=FrontMonitor health_set=Web severity=critical target=127.0.0.1:8000"
        let rules = ["alertname=TargetUnreachable health_set=Web probe=Front severity=critical target=127.0.0.1:8000"]
        #expect(await eventually(within: .seconds(90)) { events() == ["unhealthy"] }, "\(events())")
        #expect(await eventually(within: .seconds(90)) { hook.alerts("/sent") == ["firing \(sent)"] }, "\(hook.alerts("/sent"))")
        #expect(await eventually(within: .seconds(90)) { paged("firing") == rules }, "\(hook.alerts("/rules"))")
        #expect(try await site.becomes(["2"], "hub", port: 9090, "count(health_set_state == 2)"))

        first.send(SIGKILL)
        #expect(await second.said("webhooks and commands are run by this agent"), "\(second.errors)")
        #expect(try await site.get("hub", "http://127.0.0.1:9718/").contains("Webhooks and commands are run by this agent, which holds"))
        #expect(try await site.becomes(["1"], "hub", port: 9090, "health_agent_leader"))
        try site.start("hub", Program.python, ["-m", "http.server", "8000", "--bind", "127.0.0.1", "--directory", folder])
        #expect(await eventually(within: .seconds(90)) { events().count == 2 }, "\(events())")
        #expect(await eventually(within: .seconds(90)) { hook.alerts("/sent").contains("resolved \(sent)") }, "\(hook.alerts("/sent"))")
        #expect(events() == ["unhealthy", "recovered"])
        #expect(hook.alerts("/sent") == ["firing \(sent)", "resolved \(sent)"])
        #expect(
            await eventually(within: .seconds(90)) { (try? site.directory.text("written")) == "first unhealthy\nsecond recovered\n" },
            "\((try? site.directory.text("written")) ?? "")")
        #expect(await eventually(within: .seconds(90)) { paged("resolved") == rules }, "\(hook.alerts("/rules"))")
        #expect(paged("firing") == rules)
        let down = "firing alertname=AgentDown instance=127.0.0.1:9717 scope=scrape severity=critical"
        #expect(await eventually(within: .seconds(90)) { hook.alerts("/rules").contains(down) }, "\(hook.alerts("/rules"))")
    }

    @Test("agents that cannot use their lock file both stand by, say so, and the rules warn")
    func unusable() async throws {
        let site = try await ScaleSite("hub")
        let hook = try await HookServer(through: site.prefix("hub"))
        let configuration = """
            responderLock: /proc
            responders: [{ name: ticket, webhook: { url: "\(hook.url("/ticket"))" } }]

            """
        let definition = ScaleSite.definition("targets: [\"127.0.0.1:1\"]")
        let agents = [
            try await site.startAgent("hub", "first", listen: "127.0.0.1:9717", configuration: configuration, definition: definition),
            try await site.startAgent("hub", "second", listen: "127.0.0.1:9718", configuration: configuration, definition: definition),
        ]
        for (agent, port) in zip(agents, [9717, 9718]) {
            let sentence = "webhooks and commands are not run by this agent: the responder lock /proc cannot be opened: "
            #expect(await agent.said(sentence), "\(agent.errors)")
            let unhealthy = try await eventually(within: .seconds(60)) {
                try await site.get("hub", "http://127.0.0.1:\(port)/metrics").contains(
                    "health_set_state{health_set=\"Web\",server=\"\"} 2\n")
            }
            #expect(unhealthy)
            let metrics = try await site.get("hub", "http://127.0.0.1:\(port)/metrics")
            #expect(metrics.contains("health_agent_leader 0\n") && metrics.contains("health_agent_responder_lock_usable 0\n"))
            #expect(!metrics.contains("health_responder_attempts_total{"))
            #expect(try await site.get("hub", "http://127.0.0.1:\(port)/").contains("Webhooks and commands are not run by this agent: "))
        }
        #expect(hook.requests("/ticket").isEmpty)
    }
}
