import FoundationEssentials
import Glibc
import TestSupport
import Testing

@Suite struct SurvivalTests {
    private static let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "kills.py").path

    @Test("killed two hundred times while administrators decide: nothing that was answered is lost")
    func killed() async throws {
        let site = try await AgentSite(every: "200ms", timeout: "200ms")
        try site.watch()
        #expect(try await site.fault("on", "oauth-expires-very-soon").status == 0)
        let ended = try await Program.run(
            Program.python, [Self.script, AgentSite.executable, site.configuration, site.directory.path + "/probes", "200", "7"])
        #expect(ended.status == 0, "\(ended.output)\(ended.errors)")
    }
}

extension AgentSite {
    /// Gives the definition of certificates' ends a monitor that is Unhealthy after a tenth of a second.
    func watch(degradedFor: String = "100ms") throws {
        let definition = try directory.text("probes/cert-expiry.yaml")
        try directory.write(
            "probes/cert-expiry.yaml",
            definition
                + "monitors:\n  - name: CertificateExpiryMonitor\n    when: { consecutiveFailures: 1 }\n    degradedFor: \(degradedFor)\n")
    }
}
