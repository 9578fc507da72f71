import FoundationEssentials
import Glibc
import TestSupport
import Testing

@Suite struct ProcedureTests {
    private static let identity = "PushNotifications.Proxy\\PushNotificationsEnterpriseConnectivityProbe"

    @Test("the push procedure: not defined while disabled, still so after enabling, Succeeded after a restart")
    func push() async throws {
        let site = try await AgentSite()
        let enabled = try site.directory.text("lab/agent.yaml")
        let disabled = enabled.replacing("  enabled: true", with: "  enabled: false")
        try site.directory.write("lab/agent.yaml", disabled)
        let daemon = try await site.startAgent()
        let invoke = ["invoke", Self.identity, "--server", "mbx01.fabrikam.com"]
        var ended = try await site.agent(invoke)
        let prefix =
            "error: probe '\(Self.identity)' is not defined on mbx01.fabrikam.com: the push notifications proxy was disabled when the cache was built at "
        #expect(ended.status == 2 && ended.output == "")
        #expect(
            ended.errors.hasPrefix(prefix) && ended.errors.hasSuffix("; pushProxy.enabled is false: normal if you do not use it"),
            "\(ended.errors)")

        try site.directory.write("lab/agent.yaml", enabled)
        ended = try await site.agent(invoke)
        #expect(ended.status == 2 && ended.errors.hasPrefix(prefix) && ended.errors.hasSuffix("; run 'agent restart'"), "\(ended.errors)")

        // It returns when every probe has run, and does not wait a day for that.
        ended = try await site.agent(["restart", "--wait", "86400"])
        #expect(ended.status == 0, "\(ended.errors)")
        ended = try await site.agent(invoke)
        #expect(
            ended.status == 0 && ended.output == "ResultType : Succeeded\nError      :\nException  :\n", "\(ended.output)\(ended.errors)")
        withExtendedLifetime(daemon) {}
    }

    @Test("SIGTERM ends the daemon, also beside a silent server; kill -9 and a new start work")
    func signals() async throws {
        // Longer than any test: an agent that waits for the silent server's run never ends.
        let site = try await AgentSite(every: "2d", timeout: "1d")
        _ = try await site.fault("on", "metadata-silent")
        var daemon = try await site.startAgent()
        let isRunning = try await eventually(within: .seconds(60)) {
            let lines = try await daemon.metrics().split(separator: "\n")
            return lines.contains { $0.hasPrefix("health_agent_probes_running ") && !$0.hasSuffix(" 0") }
        }
        #expect(isRunning)
        daemon.program.send(SIGTERM)
        let ended = await daemon.program.ended()
        #expect(ended.status == 0, "\(ended.errors)")
        daemon = try await site.startAgent()
        daemon.program.send(SIGKILL)
        _ = await daemon.program.ended()
        _ = try await site.fault("off", "metadata-silent")
        daemon = try await site.startAgent()
        #expect(try await site.agent(["restart", "--wait", "30"]).status == 0)
    }

    @Test("a second agent on one state directory, and a port in use, are each one sentence and status 2")
    func second() async throws {
        let site = try await AgentSite()
        let daemon = try await site.startAgent()
        let second = try await site.agent(["run"])
        #expect(second.status == 2)
        #expect(
            second.errors
                == "error: another agent (process \(daemon.program.pid)) is using the state directory \(site.directory.path)/lab/agent: stop it, or set 'stateDirectory' to another directory"
        )
        let other = try site.directory.text("lab/agent.yaml").replacing("stateDirectory: agent", with: "stateDirectory: other")
        try site.directory.write("lab/other.yaml", other)
        let port = try await Program.run(
            AgentSite.executable,
            [
                "run", "--config", site.directory.path + "/lab/other.yaml", "--probes", site.directory.path + "/probes", "--listen",
                daemon.address,
            ])
        #expect(port.status == 2)
        #expect(
            port.errors.hasSuffix("error: cannot listen on \(daemon.address): the port is in use; set 'listen' in agent.yaml or --listen"),
            "\(port.errors)")
    }

    @Test("a reload of files with an error keeps the old configuration and says so; a good one mends it")
    func reload() async throws {
        let site = try await AgentSite()
        let daemon = try await site.startAgent()
        let good = try site.directory.text("lab/agent.yaml")
        for bad in [good + "\ncolour: red\n", "", good + "\n---\n", good.replacing("https://", with: "http://"), "servers: 5\n"] {
            try site.directory.write("lab/agent.yaml", bad)
            let answer = try await daemon.get("/-/reload", ["-X", "POST", "-w", " %{http_code}"])
            #expect(
                answer.hasSuffix(" 500") && answer.contains("agent.yaml:")
                    && answer.contains("the previous configuration remains in effect"),
                "\(answer)")
            #expect(try await daemon.metrics().contains("\nhealth_agent_config_last_reload_successful 0\n"))
            #expect(try await daemon.get("/api/v1/probes").contains("mbx03.fabrikam.com"))
        }
        try site.directory.write("lab/agent.yaml", good)
        daemon.program.send(SIGHUP)
        #expect(
            try await eventually(within: .seconds(60)) {
                try await daemon.metrics().contains("\nhealth_agent_config_last_reload_successful 1\n")
            })
    }

    @Test(
        "of what init writes of the lab only Exchange's own values are unconfirmed; once confirmed check is silent, and every probe succeeds"
    )
    func initialised() async throws {
        let site = try await AgentSite(servers: 2)
        let lines = try site.directory.text("lab/agent.yaml").split(separator: "\n").map(String.init)
        func value(_ key: String) throws -> String {
            let line = try #require(lines.first { $0.contains(key + ": ") })
            return String(line.split(separator: " ").last ?? "")
        }
        let addresses = lines.filter { $0.hasPrefix("    address: ") }.map { String($0.dropFirst(13)) }
        let path = site.directory.path
        let clouds = ["accounts.accesscontrol.windows.net:443", "login.microsoftonline.com:443", "outlook.office365.com:443"]
        var arguments = [
            "init", "--organization", "fabrikam.com", "--output", path + "/new.yaml", "--listen", "127.0.0.1:0", "--ca-file",
            path + "/lab/ca.pem",
        ]
        for (index, address) in addresses.enumerated() {
            arguments += ["--server", "mbx0\(index + 1).fabrikam.com", "--address", "mbx0\(index + 1).fabrikam.com=\(address)"]
        }
        for cloud in clouds { arguments += ["--connect-to", "\(cloud)=\(try value(cloud))"] }
        arguments += [
            "--token-certificate", path + "/lab/agent.pem", "--token-key", path + "/lab/agent.key", "--client-id", try value("clientId"),
        ]
        var ended = try await Program.run(AgentSite.executable, arguments)
        #expect(ended.status == 0, "\(ended.errors)")
        let marked = try site.directory.text("new.yaml").split(separator: "\n").dropFirst().map { $0.split(separator: "#", maxSplits: 1) }
        let unconfirmed = marked.filter { $0.count == 2 && $0[1].contains("UNCONFIRMED") }.compactMap { $0[0].split(separator: ":").first }
        #expect(unconfirmed == ["  domains", "  uri"], "\(marked)")
        try site.directory.write("new.yaml", marked.map { $0[0] + "\n" }.joined())
        let files = ["--config", path + "/new.yaml", "--probes", path + "/probes"]
        ended = try await Program.run(AgentSite.executable, ["check"] + files)
        #expect(ended.status == 0 && ended.output == "" && ended.errors == "", "\(ended.errors)")
        for kind in ["cert-expiry", "key-size", "metadata-reachability", "thumbprint-drift", "push-connectivity"] {
            ended = try await Program.run(AgentSite.executable, ["invoke", kind, "--all-servers", "--output", "nagios", "--local"] + files)
            #expect(ended.status == 0 && ended.output.hasPrefix("OK: "), "\(kind): \(ended.output)")
        }
        ended = try await Program.run(AgentSite.executable, arguments)
        #expect(ended.status == 2 && ended.errors.contains("--force"))
    }
}

@Suite struct SoakTests {
    /// The short form of `make soak`, without what depends on how busy the machine is.
    @Test("a thousand definitions every ten seconds: no run fails, and memory is flat")
    func short() async throws {
        let parts = #filePath.split(separator: "/").dropLast(2)
        let script = "/" + parts.joined(separator: "/") + "/Performance/soak.py"
        let ended = try await Program.run(
            Program.python, [script, "--agent", AgentSite.executable, "--seconds", "20", "--untimed"])
        #expect(ended.status == 0, "\(ended.output)\(ended.errors)")
    }
}
