import FoundationEssentials
import TestSupport
import Testing

/// What an administrator does to set up push notifications, from the first step to the number on the phone: with all of it, every probe
/// succeeds; each step that is left out is noticed by a probe.
@Suite struct SetUpTests {
    private struct Result: Decodable {
        var resultType: String
        var reason: String?
        var warning: Bool
    }

    /// How a step is left out.
    enum Omission: Sendable {
        case fault(String)
        case removed(file: String)
    }

    /// A step, how it is left out, and who notices.
    struct Step: Sendable, CustomTestStringConvertible {
        var name: String
        var omission: Omission
        var probe: String
        var reason: String

        init(_ name: String, _ omission: Omission, _ probe: String, _ reason: String) {
            (self.name, self.omission, self.probe, self.reason) = (name, omission, probe, reason)
        }

        var testDescription: String { name }
    }

    private static let push = "PushNotifications.Proxy/PushNotificationsEnterpriseConnectivityProbe"

    static let steps = [
        Step(
            "the certificate is created on every server", .fault("certificate-absent"), "OAuth/CertificatePresenceProbe",
            "certificate_missing"),
        Step("with a key of 2048 bits", .fault("oauth-key-1024"), "OAuth/CertificateKeySizeProbe", "key_too_small"),
        Step("AuthConfig names it", .fault("drift-authconfig-outdated"), "OAuth/ThumbprintDriftProbe", "authconfig_outdated"),
        Step("it is exported", .removed(file: "OAuthCert.cer"), "OAuth/ThumbprintDriftProbe", "certificate_unreadable"),
        Step("the auth server is set", .fault("metadata-url-wrong-tenant"), "OAuth/MetadataReachabilityProbe", "metadata_url_mismatch"),
        Step("the key is uploaded to the tenant", .fault("tenant-key-missing"), "OAuth/TenantKeysProbe", "key_not_in_tenant"),
        Step("the proxy is given the organization", .fault("push-organization-empty"), push, "config_incomplete"),
        Step("the push service is reached", .fault("push-refused"), push, "connect_refused"),
        Step("a message is sent", .fault("mail-smtp-refused"), "Exchange/MailFlowProbe", "connect_refused"),
        Step("it arrives", .fault("mail-not-delivered"), "Exchange/MailFlowProbe", "mail_not_delivered"),
        Step("the number on the phone rises", .fault("mail-read-elsewhere"), "Exchange/MailFlowProbe", "mail_not_unseen"),
    ]

    private static func run(_ probe: String, on site: AgentSite) async throws -> Result {
        // That of the tenant has no servers.
        let server = probe == "OAuth/TenantKeysProbe" ? [] : ["--server", "mbx01"]
        let ended = try await site.agent(["invoke", probe, "--timeout", "8s", "--output", "json"] + server)
        return try #require(
            try? JSONDecoder().decode([Result].self, from: Data(ended.output.utf8)).first, "\(ended.output) \(ended.errors)")
    }

    @Test("with every step done, every probe succeeds; each step left out is noticed, and no longer once it is done")
    func everyStep() async throws {
        let site = try await AgentSite(servers: 2, hasSnapshotProbes: true)
        for step in Self.steps {
            let before = try await Self.run(step.probe, on: site)
            #expect(before.resultType == "Succeeded" && !before.warning, "\(step.name): \(before)")
            let file = site.directory.path + "/lab/"
            switch step.omission {
            case .fault(let fault): #expect(try await site.fault("on", fault).status == 0)
            case .removed(let name): try FileManager.default.moveItem(atPath: file + name, toPath: file + name + ".kept")
            }
            let without = try await Self.run(step.probe, on: site)
            #expect(without.reason == step.reason, "\(step.name): \(without)")
            switch step.omission {
            case .fault(let fault): #expect(try await site.fault("off", fault).status == 0)
            case .removed(let name): try FileManager.default.moveItem(atPath: file + name + ".kept", toPath: file + name)
            }
        }
    }

    @Test("the proxy is enabled, the service restarted, the probe invoked: without either of the first two, there is no probe")
    func enabled() async throws {
        let site = try await AgentSite(servers: 1)
        let text = try site.directory.text("lab/agent.yaml")
        try site.directory.write("lab/agent.yaml", text.replacing("pushProxy:\n  enabled: true", with: "pushProxy:\n  enabled: false"))
        let daemon = try await site.startAgent()
        let disabled = try await site.agent(["invoke", Self.push])
        #expect(disabled.status == 2 && disabled.errors.contains("pushProxy.enabled is false"), "\(disabled)")
        try site.directory.write("lab/agent.yaml", text)
        let cached = try await site.agent(["invoke", Self.push])
        #expect(cached.status == 2 && cached.errors.contains("agent restart"), "\(cached)")
        #expect(try await site.agent(["restart", "--wait", "60"]).status == 0)
        let invoked = try await site.agent(["invoke", Self.push])
        #expect(invoked.status == 0 && invoked.output == "ResultType : Succeeded\nError      :\nException  :\n", "\(invoked)")
        withExtendedLifetime(daemon) {}
    }
}
