import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// `agent init --from`: the facts that Exchange's own shell has written.
@Suite struct InitFactsTests {
    private let directory: TemporaryDirectory
    private static let thumbprint = "7595DBDEA83DACB5757441D44899BCDB9911253C"
    /// As the script of --print-powershell writes it, with a port on loopback where nobody listens in place of the auth server.
    private static let facts = """
        {
          "organization": "fabrikam.com",
          "domains": ["fabrikam.com", "fabrikam.org"],
          "servers": ["mbx01.fabrikam.com", "mbx02.fabrikam.com"],
          "thumbprint": "\(thumbprint)",
          "metadataUrl": "https://127.0.0.1:1/metadata/json/1",
          "pushEnabled": true,
          "pushUri": "https://push.fabrikam.com/PushNotifications"
        }
        """
    private static let addresses = ["--address", "mbx01.fabrikam.com=127.0.0.1:1", "--address", "mbx02.fabrikam.com=127.0.0.1:1"]

    init() throws { directory = try TemporaryDirectory() }

    private func initialize(_ bytes: [UInt8], _ more: [String] = []) async throws -> Program.Ended {
        let file = try directory.write("facts.json", bytes: bytes)
        return try await Program.run(AgentSite.executable, ["init", "--from", file, "--output", "-"] + Self.addresses + more)
    }

    @Test("all facts are written to the configuration, which needs no further option and no confirmation", arguments: [false, true])
    func whole(hasByteOrderMark: Bool) async throws {
        let ended = try await initialize((hasByteOrderMark ? [0xEF, 0xBB, 0xBF] : []) + Array(Self.facts.utf8))
        // Nothing answers where the servers should be.
        #expect(ended.status == 1, "\(ended.errors)")
        let lines = ended.output.split(separator: "\n").map { String($0.drop { $0 == " " }) }
        for line in [
            "organization: fabrikam.com", "domains: [fabrikam.com, fabrikam.org]", "- name: mbx01.fabrikam.com",
            "- name: mbx02.fabrikam.com", "currentCertificateThumbprint: \(Self.thumbprint)",
            "metadataUrl: \"https://127.0.0.1:1/metadata/json/1\"", "enabled: true", "uri: \"https://push.fabrikam.com/PushNotifications\"",
        ] {
            #expect(lines.contains { $0.replacing("\"", with: "") == line.replacing("\"", with: "") }, "\(line) is not in \(ended.output)")
        }
        // The first line explains the mark.
        #expect(!lines.dropFirst().contains { $0.contains("UNCONFIRMED") }, "\(ended.output)")
        let file = try directory.write("agent.yaml", ended.output)
        let check = try await Program.run(AgentSite.executable, ["check", "--config", file])
        #expect(check.status == 0 && !check.errors.contains("error:"), "\(check.errors)")
    }

    @Test("a snapshot gives the tenant and its dedicated application as well")
    func snapshot() async throws {
        let tenant = "6f1d3a52-0f5e-4a53-9a0d-0d6a1f0c9b11"
        let application = "93d1b0a4-4c4b-4d0e-9f0c-2f2f8d2f6d52"
        let text = """
            {"schema": 1, "collectedAt": "2026-11-27T03:00:00Z",
             "organization": {"name": "Fabrikam", "domains": ["fabrikam.com"], "defaultDomain": "fabrikam.com"},
             "authConfig": {"currentThumbprint": "\(Self.thumbprint)"},
             "authServers": [
              {"name": "ACS", "type": "MicrosoftACS", "realm": "\(tenant)", "metadataUrl": "https://127.0.0.1:1/metadata/json/1", "enabled": true},
              {"name": "EvoSts", "type": "AzureAD", "realm": "\(tenant)", "applicationId": "\(application)", "enabled": true}],
             "servers": [{"name": "mbx01.fabrikam.com", "roles": ["Mailbox"], "isReachable": true},
              {"name": "edge01.fabrikam.com", "roles": ["Edge"], "isReachable": true}]}
            """
        let ended = try await initialize(Array(text.utf8))
        #expect(ended.status == 1, "\(ended.errors)")
        for line in [
            "  id: \(tenant)\n", "hybridApp:\n  applicationId: \(application)\n", "  currentCertificateThumbprint: \(Self.thumbprint)\n",
        ] {
            #expect(ended.output.replacing("\"", with: "").contains(line), "\(line) is not in \(ended.output)")
        }
        #expect(!ended.output.contains("edge01"), "\(ended.output)")
        let check = try await Program.run(AgentSite.executable, ["check", "--config", try directory.write("agent.yaml", ended.output)])
        #expect(check.status == 0, "\(check.errors)")
    }

    @Test("an option takes precedence over a fact, and a fact that is null counts as none")
    func precedence() async throws {
        let facts = Self.facts.replacing("\"https://push.fabrikam.com/PushNotifications\"", with: "null").replacing("true", with: "null")
        let ended = try await initialize(
            Array(facts.utf8),
            ["--organization", "contoso.com", "--server", "mbx09.contoso.com", "--address", "mbx09.contoso.com=127.0.0.1:1"])
        #expect(ended.status == 1, "\(ended.errors)")
        #expect(
            ended.output.contains("\norganization: contoso.com\n") && ended.output.contains("- name: mbx09.contoso.com"), "\(ended.output)")
        #expect(!ended.output.contains("mbx01"), "\(ended.output)")
        #expect(ended.output.contains("enabled: false   # UNCONFIRMED") && !ended.errors.contains("omitted:"), "\(ended.output)")
    }

    @Test("what PowerShell writes by default, or another document, is refused with what to do", arguments: ["utf16", "list", "text"])
    func other(form: String) async throws {
        let utf16: [UInt8] = [0xFF, 0xFE] + Self.facts.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        let bytes = form == "utf16" ? utf16 : Array((form == "list" ? "[1]" : "no JSON").utf8)
        let ended = try await initialize(bytes)
        #expect(ended.status == 2 && ended.output == "", "\(ended.output)")
        let advice = form == "utf16" ? "write it with 'Out-File -Encoding utf8'" : "run "
        #expect(ended.errors.hasPrefix("error: \(directory.path)/facts.json ") && ended.errors.contains(advice), "\(ended.errors)")
    }

    @Test("the script names every key that is read")
    func script() async throws {
        let ended = try await Program.run(AgentSite.executable, ["init", "--print-powershell"])
        #expect(ended.status == 0)
        let keys = ended.output.split(separator: "\n").compactMap { line -> String? in
            let words = line.split(separator: " ")
            return words.count > 2 && words[1] == "=" && !line.hasPrefix("$") ? String(words[0]) : nil
        }
        #expect(keys == ["organization", "domains", "servers", "thumbprint", "metadataUrl", "pushEnabled", "pushUri"])
        for line in ended.output.split(separator: "\n") {
            // Read-only: it gets, selects and writes its own file.
            #expect(!["Set-", "New-", "Remove-", "Enable-", "Disable-", "Update-"].contains { line.contains($0) }, "\(line)")
        }
    }
}
