import Certificates
import ExchangeExport
import FoundationEssentials
import Probing
import TestSupport
import Testing

@testable import ProbeKinds

/// The certificates that mail connectors name, as `certificate-presence` judges them.
@Suite struct ConnectorTests {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)
    private static let name = "<I>CN=Public CA<S>CN=mail.fabrikam.com, O=Fabrikam"

    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// Members of the connector beside its name and certificate.
        var connector: String
        /// Days until the certificate of mbx01 and that of mbx02 end; nil if the server does not have it.
        var ends: [Double?]
        var hybrid = ConnectorTests.name
        var subject = "CN=mail.fabrikam.com,O=Fabrikam"
        var expected: [String]
    }

    static let send = #""direction": "send", "enabled": true, "tlsDomain": "mail.protection.outlook.com""#

    @Test(
        "each state of a connector's certificate has its finding on mbx01",
        arguments: [
            Row(testDescription: "there", connector: send, ends: [300, 300], expected: []),
            Row(testDescription: "nowhere", connector: send, ends: [nil, nil], expected: ["failure service_without_certificate"]),
            Row(testDescription: "elsewhere", connector: send, ends: [nil, 300], expected: ["warning service_without_certificate"]),
            Row(testDescription: "expired", connector: send, ends: [-1, nil], expected: ["failure service_without_certificate"]),
            Row(testDescription: "expires soon", connector: send, ends: [20, 300], expected: ["warning service_without_certificate"]),
            Row(
                testDescription: "written otherwise", connector: send, ends: [300, 300], subject: "CN=MAIL.fabrikam.com,   O=Fabrikam",
                expected: []),
            Row(
                testDescription: "of somebody else", connector: send, ends: [300, nil], subject: "CN=mail.fabrikam.com, O=Contoso",
                expected: ["failure service_without_certificate"]),
            Row(testDescription: "disabled", connector: #""direction": "send", "enabled": false"#, ends: [nil, nil], expected: []),
            Row(
                testDescription: "of another server", connector: #""direction": "receive", "server": "MBX02""#, ends: [nil, 300],
                expected: []),
            Row(
                testDescription: "of this server", connector: #""direction": "receive", "server": "MBX01""#, ends: [nil, nil],
                expected: ["failure service_without_certificate"]),
            Row(
                testDescription: "other than the wizard's", connector: send, ends: [300, 300],
                hybrid: "<I>CN=Public CA<S>CN=old.fabrikam.com", expected: ["warning config_mismatch"]),
            Row(
                testDescription: "not to Exchange Online", connector: #""direction": "send", "tlsDomain": "contoso.com""#,
                ends: [300, 300], hybrid: "<I>CN=Public CA<S>CN=old.fabrikam.com", expected: []),
        ])
    func row(row: Row) async throws {
        let oauth = String(repeating: "A", count: 40)
        func date(_ days: Double) -> String { "\"\(Self.now.addingTimeInterval(days * 86400).formatted(.iso8601))\"" }
        let servers = zip(["mbx01.fabrikam.com", "mbx02.fabrikam.com"], row.ends).map { name, end in
            let own = end.map {
                #", {"thumbprint": "\#(String(repeating: "C", count: 40))", "subject": "\#(row.subject)", "notBefore": \#(date(-400)), "notAfter": \#(date($0)), "hasPrivateKey": true}"#
            }
            return """
                {"name": "\(name)", "isReachable": true, "certificates": [
                 {"thumbprint": "\(oauth)", "notBefore": \(date(-400)), "notAfter": \(date(400)), "hasPrivateKey": true}\(own ?? "")]}
                """
        }
        let text = """
            {"schema": 1, "collectedAt": \(date(0)), "organization": {"name": "Fabrikam"}, "authConfig": {"currentThumbprint": "\(oauth)"},
             "hybridConfiguration": {"tlsCertificateName": "\(row.hybrid)"},
             "connectors": [{"name": "Outbound", "tlsCertificateName": "\(Self.name)", \(row.connector)}],
             "servers": [\(servers.joined(separator: ", "))]}
            """
        let outcome = try await Self.outcome(text)
        #expect(outcome.findings.map { "\($0.severity.rawValue) \($0.reason.rawValue)" } == row.expected, "\(outcome.findings)")
    }

    private static func outcome(_ text: String, at date: Date = now) async throws -> Outcome {
        let place = Place(organization: Organization(), server: Server(name: "mbx01.fabrikam.com"))
        let probe = CertificatePresenceProbe(place: place, snapshot: try ExchangeSnapshot(Array(text.utf8)))
        return await probe.run(RunContext(date: date, deadline: .seconds(5), time: SystemTime()))
    }

    @Test(
        "a certificate that mail is sent with must be one of a TLS client too",
        arguments: [
            ("extendedKeyUsage = serverAuth", "send", true), ("extendedKeyUsage = serverAuth", "receive", false),
            ("extendedKeyUsage = serverAuth, clientAuth", "send", false), ("extendedKeyUsage = anyExtendedKeyUsage", "send", false),
            ("keyUsage = digitalSignature", "send", false),
        ])
    func usage(extensions: String, direction: String, isWarned: Bool) async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let pem = try await certificates.issue("mail", extensions, days: -1...300, by: root).certificate
        let facts = try CertificateFacts.read(pemOrDER: Array(Data(contentsOf: URL(filePath: pem))))
        let text = """
            {"schema": 1, "collectedAt": "\(Date().formatted(.iso8601))", "organization": {"name": "Fabrikam"},
             "connectors": [{"name": "Outbound", "direction": "\(direction)", "server": "mbx01", "tlsCertificateName": "<I>CN=x<S>CN=mail"}],
             "servers": [{"name": "mbx01.fabrikam.com", "isReachable": true, "certificates": [
              {"thumbprint": "\(facts.thumbprint)", "subject": "CN=mail", "notBefore": "\(facts.notBefore.formatted(.iso8601))",
               "notAfter": "\(facts.notAfter.formatted(.iso8601))", "hasPrivateKey": true,
               "certificate": "\(Data(facts.der).base64EncodedString())"}]}]}
            """
        let sentences = try await Self.outcome(text, at: facts.notBefore.addingTimeInterval(86400)).findings.filter {
            $0.severity == .warning
        }.map(\.sentence)
        #expect(sentences.contains { $0.contains("no clientAuth") } == isWarned, "\(sentences)")
    }
}
