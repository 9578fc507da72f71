import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// The whole way of an alert: a target nobody listens on, the agent as a process, a real Alertmanager and whom it notifies.
@Suite struct AlertTests {
    private static func start(_ files: [String]) async throws -> Daemon {
        let program = try Program(AgentSite.executable, ["run"] + files)
        guard await program.says("listening") else { throw AgentSite.NotStarted(errors: program.errors) }
        return Daemon(listening: program)
    }

    /// Accepts connections at that port; ended with the value.
    private static func listen(at port: Int) async throws -> Program {
        let script = """
            import signal, socket, sys
            signal.alarm(120)
            listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
            print("ready", file=sys.stderr, flush=True)
            while True: listener.accept()[0].close()
            """
        let program = try Program(Program.python, ["-c", script, String(port)])
        #expect(await program.says("ready"), "\(program.errors)")
        return program
    }

    @Test("an alert comes with its labels, rests in maintenance, is neither repeated nor lost by kill -9, and ends with its trouble")
    func life() async throws {
        let hook = try await HookServer()
        let alertmanager = try await Alertmanager(notifying: hook.url("/notified"))
        let target = try await Alertmanager.freePort()
        let directory = try TemporaryDirectory()
        try directory.write(
            "agent.yaml", "stateDirectory: state\nlisten: 127.0.0.1:0\nalertmanagers: [\"\(alertmanager.url)\"]\n")
        try directory.write(
            "probes/ports.yaml",
            """
            healthSet: Web
            name: PortProbe
            kind: tcp
            every: 1s
            timeout: 500ms
            targets: ["127.0.0.1:\(target)"]
            monitors:
              - { name: PortMonitor, when: { consecutiveFailures: 1 }, degradedFor: 100ms, severity: warning }

            """)
        let files = ["--config", directory.path + "/agent.yaml", "--probes", directory.path + "/probes"]
        func notified(_ statuses: [String]) async -> Bool {
            await eventually(within: .seconds(60)) { hook.statuses("/notified") == statuses }
        }
        func maintenance(_ words: [String]) async throws {
            let ended = try await Program.run(AgentSite.executable, ["maintenance"] + words + ["--server", "*"] + files)
            #expect(ended.status == 0, "\(ended.errors)")
        }

        var agent = try await Self.start(files)
        #expect(try await alertmanager.fires(1))
        #expect(await notified(["firing"]))
        let first = try #require(try await alertmanager.alerts().first)
        #expect(
            first.labels == [
                "alertname": "PortMonitor", "health_set": "Web", "severity": "warning", "target": "127.0.0.1:\(target)",
            ])
        #expect(first.annotations["reason"] == "connect_refused" && first.annotations["probe"] == #"Web\PortProbe"#)

        try await maintenance(["start", "--component", "Web", "--for", "1h"])
        #expect(try await alertmanager.fires(0))
        #expect(await notified(["firing", "resolved"]))
        try await maintenance(["end", "--component", "Web"])
        #expect(try await alertmanager.fires(1))
        #expect(await notified(["firing", "resolved", "firing"]))

        // It goes on, and says so.
        let acknowledged = try await Program.run(
            AgentSite.executable, ["acknowledge", "PortMonitor", "--comment", "on it", "--config", files[1]])
        #expect(acknowledged.status == 0, "\(acknowledged)")
        #expect(
            try await eventually(within: .seconds(60)) {
                try await alertmanager.alerts().first?.annotations["acknowledged"]?.hasSuffix(": on it") ?? false
            })
        #expect(hook.statuses("/notified") == ["firing", "resolved", "firing"])

        agent.program.send(SIGKILL)
        _ = await agent.program.ended()
        agent = try await Self.start(files)
        #expect(
            try await eventually(within: .seconds(60)) {
                let sent = try await agent.metrics().split(separator: "\n").first { $0.hasPrefix("health_alertmanager_alerts_sent_total{") }
                return Int(sent?.split(separator: " ").last ?? "") ?? 0 > 0
            })
        let after = try await alertmanager.alerts()
        #expect(after.count == 1 && after.first?.startsAt == first.startsAt)
        #expect(hook.statuses("/notified") == ["firing", "resolved", "firing"])

        let listener = try await Self.listen(at: target)
        #expect(try await alertmanager.fires(0))
        #expect(await notified(["firing", "resolved", "firing", "resolved"]))
        listener.send(SIGKILL)
    }
}
