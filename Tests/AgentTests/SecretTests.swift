import FoundationEssentials
import TestSupport
import Testing

@Suite struct SecretTests {
    @Test("no key, token or assertion is in any output, log, metric, answer or file")
    func planted() async throws {
        let site = try await AgentSite(every: "5s", timeout: "5s", servers: 1, hasSnapshotProbes: true)
        let daemon = try await site.startAgent(["--log-level", "trace"])
        // A middle line of the key: its first is the same for all keys of a size.
        let key = try site.directory.text("lab/agent.key").split(separator: "\n").map(String.init)[5]
        let password = try site.directory.text("lab/mailflow.password")
        let user = try #require(site.directory.text("lab/agent.yaml").split(separator: "user: ").last?.prefix { $0 != "," })
        let response = Data("\0\(user)\0\(password)".utf8).base64EncodedString()
        var seen = ""
        let push = ["push-refuses-token", "token-key-unknown", "token-malformed", "push-redirect", "credential-open-to-others"]
        let tenant = ["graph-consent-missing", "graph-throttled", "tenant-application-missing", "token-consent-missing"]
        let mail = ["mail-login-refused", "mail-refused", "mail-not-delivered"]
        for fault in push + tenant + mail {
            _ = try await site.fault("on", fault)
            let kinds =
                push.contains(fault) ? ["push-connectivity"] : mail.contains(fault) ? ["mail-flow"] : ["tenant-keys", "token-acquisition"]
            for kind in kinds {
                for output in ["list", "json", "nagios"] {
                    let ended = try await site.agent(["invoke", kind, "--output", output, "--fields", "all"])
                    seen += ended.output + ended.errors
                }
            }
            for path in ["/metrics", "/api/v1/results", "/api/v1/probes", "/"] { seen += try await daemon.get(path) }
            _ = try await site.fault("off", fault)
        }
        let ended = try await site.agent(["invoke", "push-connectivity", "--output", "json"])
        #expect(ended.status == 0)
        seen += ended.output + daemon.program.errors
        for name in try FileManager.default.subpathsOfDirectory(atPath: site.directory.path + "/lab/agent") where !name.hasSuffix(".sock") {
            seen += try site.directory.text("lab/agent/" + name)
        }
        for reason in ["endpoint_refused_token", "consent_missing", "application_unknown", "login_refused"] {
            #expect(seen.contains(reason))
        }
        #expect(seen.contains("probe ran"))
        for secret in [key, "eyJ", "PRIVATE KEY", "Bearer ey", "client_assertion=", password, response, "removes it."] {
            #expect(!seen.contains(secret), "found \(secret)")
        }
    }
}
