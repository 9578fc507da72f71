import FoundationEssentials
import TestSupport
import Testing

@testable import Transfers

/// Mail servers that misbehave.
@Suite struct MailSessionTests {
    private static let password = "Correct-Horse-7"

    /// A server of one connection; `greet` is the EHLO response.
    private static func server(_ body: String) async throws -> PythonServer { try await PythonServer.serving(body) }

    private static func session(
        _ service: MailServer.Service, _ server: PythonServer, _ security: MailServer.Security, within limit: Duration = .seconds(60)
    ) async throws -> MailSession {
        var place = MailServer(
            service, host: "mbx01.fabrikam.com", port: 587, address: server.address, security: security, login: nil, trust: .system)
        // `init` drops a login that would be sent in clear: these servers speak no TLS, and get it all the same.
        place.login = MailServer.Login(user: "mailflow", password: password)
        return try await Transfers().mailSession(with: place, until: .now + limit)
    }

    private static func submit(_ session: MailSession) async -> MailReport {
        await session.submit(Array("Subject: test\r\n\r\ntest\r\n".utf8), from: "a@fabrikam.com", to: "b@fabrikam.com")
    }

    @Test("without STARTTLS, nothing follows EHLO")
    func downgraded() async throws {
        let server = try await Self.server(
            "send(b'220 mbx01\\r\\n'); request(); send(b'250-mbx01\\r\\n250 AUTH PLAIN LOGIN\\r\\n'); say('then', lines.read())")
        let report = await Self.submit(try await Self.session(.smtp, server, .startTLS))
        #expect(report.failure?.kind == .startTLSMissing, "\(report)")
        #expect(await server.said("over"))
        #expect(!server.program.errors.contains("AUTH") && !server.program.errors.contains("MAIL"), "\(server.program.errors)")
    }

    @Test("what follows the consent to TLS in clear is not taken for TLS", arguments: [MailServer.Service.smtp, .imap])
    func injected(service: MailServer.Service) async throws {
        let server = try await Self.server(
            service == .smtp
                ? "send(b'220 mbx01\\r\\n'); request(); send(b'250-mbx01\\r\\n250 STARTTLS\\r\\n'); request(); send(b'220 go\\r\\n250 injected\\r\\n'); say('then', lines.read())"
                : "send(b'* OK [CAPABILITY IMAP4rev1 STARTTLS] mbx01\\r\\n'); tag = request().split()[0]; send(b'* CAPABILITY IMAP4rev1 STARTTLS\\r\\n' + tag + b' OK\\r\\n'); tag = request().split()[0]; send(tag + b' OK go\\r\\n* OK injected\\r\\n'); say('then', lines.read())"
        )
        let session = try await Self.session(service, server, .startTLS)
        let report = service == .smtp ? await Self.submit(session) : await session.command("UID SEARCH UNSEEN", in: "INBOX")
        #expect(report.failure != nil && report.tls?.version == nil, "\(report)")
        #expect(await server.said("over"))
        #expect(!server.program.errors.contains("AUTH"), "\(server.program.errors)")
    }

    @Test("a server that quotes the password when it refuses it is not quoted")
    func quoted() async throws {
        let server = try await Self.server(
            "send(b'220 mbx01\\r\\n'); request(); send(b'250-mbx01\\r\\n250 AUTH PLAIN\\r\\n'); word = request().split()[-1]; send(b'334 \\r\\n') if word == b'PLAIN' else None; word = request() if word == b'PLAIN' else word; send(b'535 5.7.8 \(Self.password) ' + word.strip() + b'\\r\\n'); say(lines.read())"
        )
        let failure = await Self.submit(try await Self.session(.smtp, server, .none)).failure
        #expect(
            failure?.kind == .loginRefused && failure?.sentence.hasSuffix("refused the login of mailflow (535 5.7.8)") == true,
            "\(String(describing: failure))")
        #expect(failure?.detail.contains(Self.password) == false, "\(String(describing: failure))")
    }

    @Test("a server that speaks without end is cut off", arguments: [MailServer.Service.smtp, .imap])
    func endless(service: MailServer.Service) async throws {
        let greeting = service == .smtp ? "220-more" : "* OK more"
        let server = try await Self.server("while True: send(b'\(greeting)\\r\\n' * 1000)")
        let session = try await Self.session(service, server, .none)
        let report = service == .smtp ? await Self.submit(session) : await session.command("NOOP", in: "INBOX")
        #expect(report.failure != nil, "\(report)")
        #expect(await server.said("over"))
    }

    @Test("a task that is cancelled ends its session at once, whatever the server waits for", arguments: ["", "220 mbx01\\r\\n"])
    func cancelled(greeting: String) async throws {
        let server = try await Self.server("send(b'\(greeting)'); say('connected'); say('then', lines.read())")
        let session = try await Self.session(.smtp, server, .none, within: .seconds(3600))
        let task = Task { await Self.submit(session) }
        #expect(await server.said("connected"))
        task.cancel()
        #expect(await task.value.failure?.kind == .cancelled)
        #expect(await server.said("over"))
    }

    @Test("the time ends a session that the server leaves hanging")
    func hanging() async throws {
        let server = try await Self.server("say('then', lines.read())")
        let report = await Self.submit(try await Self.session(.smtp, server, .none, within: .seconds(1)))
        #expect(report.failure?.kind == .timeout && report.failure?.phase == .processing, "\(report)")
    }

    @Test("a server that does not answer a farewell holds up nobody")
    func farewell() async throws {
        let server = try await Self.server(
            "send(b'* OK mbx01\\r\\n'); tag = request().split()[0]; send(b'* CAPABILITY IMAP4rev1\\r\\n' + tag + b' OK\\r\\n'); tag = request().split()[0]; send(tag + b' OK\\r\\n'); tag = request().split()[0]; send(tag + b' OK\\r\\n'); tag = request().split()[0]; send(tag + b' OK\\r\\n'); tag = request().split()[0]; send(b'* SEARCH 4 5\\r\\n' + tag + b' OK\\r\\n'); say('last', request()); say('then', lines.read())"
        )
        var session: MailSession? = try await Self.session(.imap, server, .none)
        let report = await session?.command("UID SEARCH UNSEEN", in: "INBOX")
        #expect(report?.lines == ["* SEARCH 4 5"], "\(String(describing: report))")
        session = nil
        #expect(await server.said("LOGOUT"))
        #expect(await server.said("over"))
    }
}
