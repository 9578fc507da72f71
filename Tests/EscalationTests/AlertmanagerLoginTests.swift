import Addresses
import Escalation
import FoundationEssentials
import HealthManager
import Logging
import Monitoring
import ServiceLifecycle
import TestSupport
import Testing
import Transfers

/// An Alertmanager that wants TLS, a client certificate and a password.
@Suite struct AlertmanagerLoginTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private static let transfers = Transfers()

    /// A root, and certificates of it for `am.test` and for the agent.
    private static func certificates(in directory: TemporaryDirectory) async throws {
        let script = """
            set -e; cd \(directory.path)
            openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -days 30 -subj /CN=root 2>/dev/null
            for name in am.test agent; do
                openssl req -newkey rsa:2048 -nodes -keyout $name.key -out $name.csr -subj /CN=$name 2>/dev/null
                printf 'subjectAltName=DNS:%s\\nextendedKeyUsage=serverAuth,clientAuth\\n' $name > $name.ext
                openssl x509 -req -in $name.csr -CA root.pem -CAkey root.key -CAcreateserial -days 30 -extfile $name.ext -out $name.pem 2>/dev/null
            done
            """
        #expect(try await Program.run("bash", ["-c", script]).status == 0)
    }

    private static func ledger(_ configured: AlertmanagerConfiguration) async throws -> AlertLedger {
        let time = ManualTime(now: Date())
        var configuration = AgentConfiguration()
        configuration.alertmanagers = [configured]
        let journal = MemoryJournal()
        let sender = AlertSender(OutboundClient(transfers, userAgent: "agent/test"), journal: journal, time: time, logger: logger)
        let site = try TroubledSite(
            ["mbx01"], configuration: configuration, time: time, observers: [sender], journal: journal, keepsDate: true)
        return await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await site.manager.run() }
            group.addTask { try await sender.service { await site.manager.alerts() }.run() }
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(
                await site.advance {
                    let ledger = sender.ledgers["\(configured.url)"] ?? AlertLedger()
                    return ledger.alertsSent > 0 || ledger.failures > 0
                })
            group.cancelAll()
            return sender.ledgers["\(configured.url)"] ?? AlertLedger()
        }
    }

    @Test("it takes alerts with the login and the certificate configured, and none without one of them; files are read anew each time")
    func login() async throws {
        let directory = try TemporaryDirectory()
        try await Self.certificates(in: directory)
        let path = directory.path
        // The password is `secret`.
        let web = """
            tls_server_config:
              { cert_file: \(path)/am.test.pem, key_file: \(path)/am.test.key, client_auth_type: RequireAndVerifyClientCert, client_ca_file: \(path)/root.pem }
            basic_auth_users: { agent: $2b$04$ZjM6cqfql.KnqzobbPTKvuETTTL68VXNtGOIKH5Yx10rL5euTZG6a }

            """
        let login = ["-k", "--cert", "\(path)/agent.pem", "--key", "\(path)/agent.key", "-u", "agent:secret"]
        let alertmanager = try await Alertmanager(web: (web, login))
        try directory.write("password", "secret\n")
        try directory.write("wrong", "other\n")
        var right = AlertmanagerConfiguration(EndpointURL(alertmanager.url))
        right.login = .basic(username: "agent", passwordFile: path + "/password")
        right.tls.caFile = path + "/root.pem"
        right.tls.certificateFile = path + "/agent.pem"
        right.tls.keyFile = path + "/agent.key"
        right.tls.serverName = "am.test"
        let taken = try await Self.ledger(right)
        #expect(taken.alertsSent == 1 && taken.problem == nil, "\(taken)")
        #expect(try await alertmanager.fires(1))

        var file = right
        try directory.write("authorization", "Basic YWdlbnQ6c2VjcmV0\n")
        file.login = .file(path + "/authorization")
        #expect(try await Self.ledger(file).alertsSent == 1)

        var wrong = right
        wrong.login = .basic(username: "agent", passwordFile: path + "/wrong")
        let refused = try await Self.ledger(wrong)
        #expect(refused.alertsSent == 0 && refused.problem?.contains("401") == true, "\(refused)")
        wrong.login = .basic(username: "agent", passwordFile: path + "/nowhere")
        #expect(try await Self.ledger(wrong).problem == "\(path)/nowhere: there is no such file")
        var unnamed = right
        unnamed.tls.serverName = nil
        #expect(try await Self.ledger(unnamed).problem?.contains("certificate") == true)
        var untrusted = right
        untrusted.tls.caFile = nil
        #expect(try await Self.ledger(untrusted).alertsSent == 0)
        var nobody = right
        nobody.tls.certificateFile = nil
        nobody.tls.keyFile = nil
        #expect(try await Self.ledger(nobody).alertsSent == 0)
    }
}
