import FoundationEssentials
import TestSupport
import Testing

/// The probes that look into the tenant, with and without a snapshot and a credential.
@Suite struct TenantTests {
    private struct Result: Decodable {
        var resultType: String
        var reason: String?
        var notChecked: [String]
    }

    private static let claim = "the tenant's copy (give pushProxy.token or tenant.credential)"

    private static func run(_ probe: String, on site: AgentSite) async throws -> Result {
        let ended = try await site.agent(["invoke", probe, "--output", "json"])
        return try #require(
            try? JSONDecoder().decode([Result].self, from: Data(ended.output.utf8)).first, "\(ended.output) \(ended.errors)")
    }

    private static func rewrite(_ site: AgentSite, _ change: (inout String) -> Void) throws {
        var text = try site.directory.text("lab/agent.yaml")
        change(&text)
        try site.directory.write("lab/agent.yaml", text)
    }

    @Test("without a snapshot, the application is found by its name, on the second page of the list; a wrong ID is no application")
    func list() async throws {
        let site = try await AgentSite(servers: 1, hasSnapshotProbes: true)
        try Self.rewrite(site) { $0 = $0.replacing("snapshot: { file: snapshot.json, maximumAge: 7d }\n", with: "") }
        let found = try await Self.run("OAuth/TenantKeysProbe", on: site)
        #expect(found.resultType == "Succeeded" && found.reason == nil, "\(found)")
        try Self.rewrite(site) { $0 += "hybridApp: { applicationId: 00000000-0000-0000-0000-000000000001 }\n" }
        let absent = try await Self.run("OAuth/TenantKeysProbe", on: site)
        #expect(absent.resultType == "Failed" && absent.reason == "application_unknown", "\(absent)")
    }

    @Test("without a credential, the keys are not checked, and each result that could seem to claim it says so")
    func uncredentialed() async throws {
        let site = try await AgentSite(servers: 1, hasSnapshotProbes: true)
        try Self.rewrite(site) { text in
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let token = lines.firstIndex { $0 == "  token:" } ?? lines.startIndex
            text = (lines[..<token] + lines[(token + 6)...]).joined(separator: "\n")
        }
        let keys = try await site.agent(["invoke", "OAuth/TenantKeysProbe"])
        #expect(keys.status == 2 && keys.errors.contains("tenant.credential is not in agent.yaml"), "\(keys.errors)")
        for probe in ["PushNotifications.Proxy/PushNotificationsEnterpriseConnectivityProbe", "OAuth/ThumbprintDriftProbe"] {
            let result = try await Self.run(probe, on: site)
            #expect(result.resultType == "Succeeded" && result.notChecked.contains(Self.claim), "\(result)")
        }
        let acquisition = try await Self.run("OAuth/TokenAcquisitionProbe", on: site)
        #expect(
            acquisition.resultType == "Succeeded" && acquisition.notChecked.contains { $0.hasPrefix("token: neither") }, "\(acquisition)")
        // With a credential of its own, nothing is left out.
        try Self.rewrite(site) {
            $0 = $0.replacing(
                "tenant:\n",
                with:
                    "tenant:\n  credential: { clientId: 11111111-2222-3333-4444-555555555555, certificateFile: agent.pem, keyFile: agent.key }\n"
            )
        }
        #expect(try await Self.run("OAuth/TenantKeysProbe", on: site).resultType == "Succeeded")
        #expect(try await !Self.run("OAuth/ThumbprintDriftProbe", on: site).notChecked.contains(Self.claim))
    }
}
