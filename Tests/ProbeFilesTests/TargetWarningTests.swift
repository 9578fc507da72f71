import ProbeFiles
import Probing
import TargetKinds
import TestSupport
import Testing
import Transfers

/// What `agent check` says of targets that a kind can never probe.
@Suite struct TargetWarningTests {
    private static func warnings(_ kind: String, _ targets: [String]) throws -> [String] {
        let directory = try TemporaryDirectory()
        let kinds = KindCatalog(TargetKinds.all(TargetServices(transfers: Transfers(), userAgent: "test")))
        let list = targets.map { "  - \"\($0)\"\n" }.joined()
        try directory.write("agent.yaml", "stateDirectory: state\n")
        try directory.write("probes/a.yaml", "healthSet: A\nname: B\nkind: \(kind)\ntargets:\n\(list)")
        let files = PlanFiles(configurationPath: directory.path + "/agent.yaml", probesDirectory: directory.path + "/probes")
        #expect(files.definitions(kinds: kinds).first?.targets?.inline == targets)
        return files.diagnostics(kinds: kinds).filter { $0.severity == .warning }.map {
            $0.description.replacing(directory.path + "/probes/", with: "")
        }
    }

    @Test(
        "a target that can never be probed is named, with its place and what is expected",
        arguments: [
            ("tls", "www.fabrikam.com/x", "host or host:port"), ("certificate-file", "certs/web.pem", "an absolute path"),
            ("certificate-url", "/etc/ssl/web.pem", "URL"), ("domain-expiry", "https://fabrikam.com", "a registered domain"),
            ("domain-expiry", "localhost", "a registered domain"), ("domain-expiry", "192.0.2.1", "a registered domain"),
            ("domain-expiry", "a..b", "a registered domain"), ("domain-expiry", "a.test/../b.test", "a registered domain"),
            ("cert-expiry", "certs/*.pem", "or an absolute path"),
            ("key-size", "http://fabrikam.com", "https URL"), ("thumbprint-drift", "a:b:c", "host or host:port"),
        ])
    func never(kind: String, target: String, expected: String) throws {
        let warnings = try Self.warnings(kind, [target])
        #expect(warnings.count == 1 && warnings[0].hasPrefix("a.yaml:5:5: warning: a target of kind '\(kind)' must be "))
        #expect(warnings.first?.contains(expected) == true && warnings.first?.contains("'\(target)'") == true, "\(warnings)")
    }

    @Test(
        "one that may be is not",
        arguments: [
            ("tls", ["www.fabrikam.com", "192.0.2.1:25", "[2001:db8::1]", "https://www.fabrikam.com/x"]),
            ("certificate-file", ["/etc/ssl/**/*.pem", "file:///etc/ssl"]), ("certificate-url", ["http://pki.fabrikam.com/root.crl"]),
            ("domain-expiry", ["fabrikam.com", "fabrikam.com.", "b\u{fc}cher.example"]),
            ("cert-expiry", ["www.fabrikam.com:993", "/etc/ssl/web.pem"]),
            ("http", ["anything"]),
        ])
    func perhaps(kind: String, targets: [String]) throws { #expect(try Self.warnings(kind, targets) == []) }
}
