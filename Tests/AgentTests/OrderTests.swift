import FoundationEssentials
import TestSupport
import Testing

/// What administrators order and ask of a running agent, and what it says of names and keys that nobody knows.
@Suite struct OrderTests {
    private static func post(_ site: AgentSite, _ path: String, _ body: String) async throws -> String {
        try await Program.run(
            "curl",
            [
                "-sS", "--max-time", "20", "--unix-socket", site.directory.path + "/lab/agent/control.sock", "-w", " %{http_code}",
                "-H", "Content-Type: application/json", "-d", body, "http://localhost/api/v1/" + path,
            ]
        ).output
    }

    @Test("a key that nobody knows in an order is refused by name; null is as good as left out")
    func keys() async throws {
        let site = try await AgentSite(servers: 2)
        let daemon = try await site.startAgent()
        let orders = [
            ("invoke", "\"probe\": \"cert-expiry\"", "probe, servers, allServers, timeoutSeconds, set, at"),
            (
                "overrides", "\"identity\": \"cert-expiry\", \"property\": \"retries\", \"value\": \"1\", \"by\": \"a\", \"seconds\": 60",
                "identity, property, value, server, seconds, untilVersion, by, comment"
            ),
            (
                "overrides/remove", "\"identity\": \"cert-expiry\", \"property\": \"retries\", \"by\": \"a\"",
                "identity, property, server, by"
            ),
            (
                "maintenance", "\"server\": \"mbx01\", \"by\": \"a\"",
                "server, component, requester, from, seconds, weekday, minute, by, comment"
            ),
            ("maintenance/end", "\"server\": \"mbx01\", \"by\": \"a\"", "server, component, requester, by"),
            ("acknowledge", "\"monitor\": \"CertificateExpiryMonitor\", \"by\": \"a\"", "monitor, server, by, comment"),
        ]
        for (path, keys, known) in orders {
            let refused = try await Self.post(site, path, "{\(keys), \"sever\": \"mbx01\"}")
            #expect(refused == "{\"error\":\"unknown key 'sever' in the body; known keys: \(known)\"} 400")
            let null = known.hasSuffix("at") ? "\"at\": null" : known.contains("comment") ? "\"comment\": null" : "\"by\": \"b\""
            let taken = try await Self.post(site, path, "{\(keys), \(null)}")
            #expect(taken.hasSuffix(path == "acknowledge" ? " 404" : " 200"), "\(path): \(taken)")
        }
        #expect(try await Self.post(site, "acknowledge", "[]").hasSuffix("it is not a JSON object\"} 400"))
        withExtendedLifetime(daemon) {}
    }

    @Test(
        "history of a name or a server that is known nowhere says so, with status 2; a known one of which nothing is recorded is no error")
    func history() async throws {
        let site = try await AgentSite(servers: 2)
        let daemon = try await site.startAgent()
        #expect(try await site.agent(["restart", "--wait", "60"]).status == 0)
        var ended = try await site.agent(["history", "OAuth/CertificateExpiryProb"])
        #expect(ended.status == 2 && ended.output == "")
        #expect(
            ended.errors
                == "error: there is no probe, monitor, health set or responder 'OAuth/CertificateExpiryProb', and the history has no records of it; similar names: OAuth/CertificateExpiryProbe, OAuth/CertificateKeySizeProbe; run 'agent probes' or 'agent health' to list the names",
            "\(ended.errors)")
        ended = try await site.agent(["history", "cert-expiry", "--server", "mbx09"])
        #expect(
            ended.status == 2 && ended.errors == "error: server 'mbx09' is not configured, and the history has no records of it",
            "\(ended.errors)")
        #expect(try await daemon.get("/api/v1/history?subject=nope", ["-w", " %{http_code}"]).hasSuffix(" 404"))
        ended = try await site.agent(["history", "ServerWideOffline"])
        #expect(ended.status == 0 && ended.output == "no records in this period\n", "\(ended.errors)")
        for subject in ["oauth/certificateexpiryprobe", "OAuthCertificateExpiryProbe", "cert-expiry", "oauth"] {
            ended = try await site.agent(["history", subject, "--sort", "result"])
            #expect(ended.status == 0 && ended.output.contains("OAuth\\CertificateExpiryProbe"), "\(subject): \(ended.errors)")
            #expect(ended.output.contains("ThumbprintDriftProbe") == (subject == "oauth"), "\(subject)")
        }
    }

    @Test("history that is cut at its limit says so on standard error; maintenance is listed as in force, or planned")
    func lists() async throws {
        let site = try await AgentSite(servers: 2)
        let daemon = try await site.startAgent()
        #expect(try await site.agent(["restart", "--wait", "60"]).status == 0)
        for form in ["table", "json"] {
            let cut = try await site.agent(["history", "--limit", "3", "--output", form])
            #expect(cut.status == 0 && cut.errors.contains("only the newest 3 records are shown"), "\(cut.errors)")
        }
        let whole = try await site.agent(["history", "--limit", "10000"])
        #expect(whole.status == 0 && whole.errors == "", "\(whole.errors)")
        #expect(try await site.agent(["maintenance", "start", "--server", "mbx01", "--for", "1h"]).status == 0)
        #expect(
            try await site.agent(["maintenance", "start", "--server", "mbx02", "--weekly", "Sunday 02:00", "--for", "1m"]).status == 0)
        let table = try await site.agent(["maintenance", "list"]).output.split(separator: "\n").map(String.init)
        #expect(table.count == 3 && table[1].contains("In progress") && table[2].contains("Planned"), "\(table)")
        #expect(!table.contains { $0.contains("Inactive") })
        withExtendedLifetime(daemon) {}
    }

    @Test(
        "a mailbox server that does not answer leaves the push probe its time: no other service is said to be late",
        arguments: ["metadata-unanswered", "metadata-silent", "metadata-slow"])
    func silentServer(_ fault: String) async throws {
        let site = try await AgentSite(every: "5m", timeout: "3s", servers: 2)
        let daemon = try await site.startAgent()
        #expect(try await site.fault("on", fault).status == 0)
        let probe = "PushNotifications.Proxy/PushNotificationsEnterpriseConnectivityProbe"
        let ended = try await site.agent(["invoke", probe, "--server", "mbx01"])
        #expect(ended.status == 0 && ended.output.contains("Succeeded"), "\(ended.output)\(ended.errors)")
        withExtendedLifetime(daemon) {}
    }

    @Test("what nothing is there for is told with status 2, not answered with an empty list; a day that no calendar has is wrong usage")
    func nowhere() async throws {
        let site = try await AgentSite(servers: 2)
        for filter in [["--server", "mbx09"], ["--health-set", "nope"]] {
            let ended = try await site.agent(["probes"] + filter)
            #expect(ended.status == 2 && ended.output == "" && ended.errors.contains("no matching probes"), "\(ended.output)")
        }
        #expect(try await site.agent(["probes", "--server", "mbx01"]).status == 0)
        let ended = try await site.agent(["invoke", "cert-expiry", "--at", "2027-02-30"])
        #expect(ended.status == 64 && ended.errors.contains("--at must be a date"), "\(ended.output)\(ended.errors)")
    }

    @Test("a forecast lists what it could not reach, in each form; one of the past is wrong usage")
    func forecast() async throws {
        let site = try await AgentSite(servers: 2)
        #expect(try await site.fault("on", "metadata-refused").status == 0)
        let daemon = try await site.startAgent()
        #expect(try await site.agent(["restart", "--wait", "60"]).status == 0)
        let table = try await site.agent(["forecast"])
        let lines = table.output.split(separator: "\n").map(String.init)
        let begin = try #require(lines.firstIndex(of: "Could not be reached or judged, events may be missing above:"), "\(table.output)")
        #expect(
            lines[begin...].contains { $0.hasPrefix("OAuth\\MetadataReachabilityProbe  mbx01.fabrikam.com  connect_refused") },
            "\(table.output)")
        #expect(!lines[begin...].contains { $0.contains("mbx02.fabrikam.com") }, "it ends on a day to come, and can be reached today")
        #expect(lines[..<begin].contains { $0.contains("mbx02.fabrikam.com") }, "\(table.output)")
        let json = try await site.agent(["forecast", "--output", "json"]).output
        let gaps = try #require(json.split(separator: "\"unreached\" : [").last)
        #expect(gaps.contains("\"reason\" : \"connect_refused\"") && gaps.contains("\"server\" : \"mbx01.fabrikam.com\""), "\(json)")
        let calendar = try await site.agent(["forecast", "--output", "ics"])
        #expect(!calendar.output.contains("connect_refused") && calendar.errors.contains("could not be reached or judged"))
        for past in ["2020-01-01", "0s", "2030-02-30"] {
            let ended = try await site.agent(["forecast", "--until", past])
            #expect(ended.status == 64 && ended.errors.contains("--until must be a future date or a duration"), "\(ended.errors)")
        }
        withExtendedLifetime(daemon) {}
    }
}
