import FoundationEssentials
import TestSupport
import Testing

/// What the agent tells of a reason, and which servers it tells Prometheus of.
@Suite struct ExplainTests {
    private static func status(_ daemon: Daemon, _ path: String) async throws -> String {
        try await daemon.get(path, ["-w", "status %{http_code}"])
    }

    @Test("a reason is explained by its sentence and its remedy, in the same words by the daemon and by the command, whatever the case")
    func reason() async throws {
        let site = try FileSite(["Files/Export"])
        let daemon = try await site.startAgent()
        let text = try await Self.status(daemon, "/explain/certificate_expired")
        let parts = text.split(separator: "\n\n").map(String.init)
        #expect(parts.count == 3 && parts[0] == "certificate_expired" && parts[1].count > 20, "\(text)")
        #expect(parts[2].hasPrefix("What to do: ") && parts[2].hasSuffix("\nstatus 200"), "\(text)")
        #expect(try await Self.status(daemon, "/explain/Certificate_EXPIRED") == text)
        let command = try await site.agent(["explain", "certificate_expired"])
        #expect(command.status == 0 && command.output + "status 200" == text, "\(command.output)")
    }

    @Test("a monitor is explained by its probe, which lists its monitors with their rules")
    func monitor() async throws {
        var folder = #filePath.split(separator: "/").dropLast(4).map(String.init)
        folder += ["probes"]
        let probes = "/" + folder.joined(separator: "/")
        let monitor = try await Program.run(AgentSite.executable, ["explain", "certificateexpirymonitor", "--probes", probes])
        #expect(monitor.status == 0 && monitor.output.hasPrefix("OAuth\\CertificateExpiryProbe\n"), "\(monitor.output) \(monitor.errors)")
        #expect(monitor.output.contains("\n  CertificateExpiryMonitor: critical, after "), "\(monitor.output)")
    }

    @Test(
        "an unknown reason is answered with 404 and the names that are similar to it, at most three, the nearest first",
        arguments: [
            ("certificate_expird", "certificate_expired"), ("http_statsu", "http_status"), ("timout", "timeout"), ("qqqqqqqqqqqq", ""),
        ])
    func unknown(name: String, nearest: String) async throws {
        let site = try FileSite(["Files/Export"])
        let daemon = try await site.startAgent()
        let text = try await Self.status(daemon, "/explain/" + name)
        let command = try await site.agent(["explain", name])
        #expect(command.status == 2 && command.output == "", "\(command.output)")
        guard !nearest.isEmpty else {
            #expect(text == "unknown reason\nstatus 404" && !command.errors.contains("similar"), "\(command.errors)")
            return
        }
        let names = try #require(text.split(separator: "unknown reason; similar names: ").first?.split(separator: "\n"))
        #expect(names.count == 2 && names[1] == "status 404", "\(text)")
        let similar = names[0].split(separator: ", ").map(String.init)
        #expect(similar.first == nearest && similar.count <= 3, "\(text)")
        #expect(command.errors.hasSuffix("; similar names: " + names[0]), "\(command.errors)")
    }

    @Test("a part of many names is answered with three of them")
    func many() async throws {
        let site = try FileSite(["Files/Export"])
        let text = try await Self.status(try await site.startAgent(), "/explain/certificate")
        let names = try #require(text.split(separator: "similar names: ").last?.split(separator: "\n").first?.split(separator: ", "))
        #expect(names.count == 3 && names.allSatisfy { $0.hasPrefix("certificate_") }, "\(text)")
    }

    @Test(
        "a kind is explained with the metrics it measures, each under the page that shows it",
        arguments: [
            ("thumbprint-drift", ["oauth_certificate_key_size", "oauth_certificate_drift"], []),
            ("metadata-reachability", ["health_probe_http_duration_seconds", "oauth_metadata_reachable"], []),
            ("http", ["health_probe_http_duration_seconds"], ["probe_http_duration_seconds", "probe_http_status_code"]),
            ("tcp", [], ["probe_dns_lookup_time_seconds", "probe_tls_version_info"]),
        ])
    func metrics(kind: String, scheduled: [String], onDemand: [String]) async throws {
        let site = try FileSite(["Files/Export"])
        let text = try await site.agent(["explain", kind]).output
        func names(_ heading: String) -> [String] {
            text.split(separator: "\n\n").first { $0.hasPrefix(heading + ":\n") }?.split(separator: "\n").dropFirst()
                .map { String($0.prefix { $0 != ":" }.drop { $0 == " " }) } ?? []
        }
        for (heading, wanted) in [("Metrics of /metrics", scheduled), ("Metrics of /probe", onDemand)] {
            let found = names(heading)
            #expect(Set(wanted).isSubset(of: found) && found.isEmpty == wanted.isEmpty && Set(found).count == found.count, "\(text)")
        }
    }

    private struct Group: Decodable, Equatable {
        var targets: [String]
        var labels: [String: String]
    }

    @Test("/sd lists the servers as Prometheus's http_sd reads them, in the order of the file, and those of a changed file after a reload")
    func servers() async throws {
        func list(_ daemon: Daemon) async throws -> [Group] {
            try JSONDecoder().decode([Group].self, from: Data(try await daemon.get("/sd").utf8))
        }
        func group(_ name: String, _ target: String, hostname: String? = nil) -> Group {
            Group(
                targets: [target],
                labels: ["__meta_agent_server": name, "__meta_agent_hostname": hostname ?? name, "__meta_agent_roles": "Mailbox"])
        }
        let site = try FileSite(["Files/Export"], servers: ["mbx02.fabrikam.com", "mbx01.fabrikam.com"])
        let daemon = try await site.startAgent()
        let (second, first) = (group("mbx02.fabrikam.com", "mbx02.fabrikam.com:443"), group("mbx01.fabrikam.com", "mbx01.fabrikam.com:443"))
        #expect(try await list(daemon) == [second, first])
        #expect(try await daemon.get("/sd", ["-o", "/dev/null", "-w", "%{content_type}"]).hasPrefix("application/json"))
        let text = try site.directory.text("agent.yaml")
        try site.directory.write(
            "agent.yaml",
            text.replacing("{ name: mbx01.fabrikam.com }", with: "{ name: mbx03, address: '192.0.2.3:444', hostname: mail.fabrikam.com }"))
        #expect(try await site.agent(["reload"]).status == 0)
        #expect(try await list(daemon) == [second, group("mbx03", "192.0.2.3:444", hostname: "mail.fabrikam.com")])
    }

    @Test("an agent without servers lists none")
    func none() async throws {
        let site = try FileSite(["Files/Export"])
        let daemon = try await site.startAgent()
        #expect(try await daemon.get("/sd").filter { !$0.isWhitespace } == "[]")
        withExtendedLifetime(site) {}
    }
}
