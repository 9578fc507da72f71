import Addresses
import FoundationEssentials
import TestSupport
import Testing

@testable import Transfers

/// Mail servers that misbehave.
@Suite struct MailSessionTests {
    private static let password = "Correct-Horse-7"

    /// A server of one connection.
    private static func server(_ body: String) async throws -> PythonServer { try await PythonServer.serving(body) }

    /// An IMAP server that accepts every command, except as `special` says: Python that may set `reply` from `command`.
    private static func imap(_ special: String = "pass") async throws -> PythonServer {
        try await server(
            """
            send(b'* OK mbx01\\r\\n')
            for line in lines:
                tag, command = line.strip().split(b' ', 1)
                say(command.decode())
                reply = b''
                if command == b'CAPABILITY': reply = b'* CAPABILITY IMAP4rev1 SASL-IR AUTH=GSSAPI AUTH=NTLM AUTH=PLAIN\\r\\n'
                reply += tag + b' OK\\r\\n'
                \(special)
                if reply is None: break
                send(reply)
            say('then', lines.read())
            """)
    }

    private static func place(_ service: MailServer.Service, _ server: PythonServer, _ security: MailServer.Security) -> MailServer {
        var place = MailServer(
            service, host: "mbx01.fabrikam.com", port: 587, address: server.address, security: security, login: nil, trust: .system)
        // `init` drops a login that would be sent in clear: these servers speak no TLS, and get it all the same.
        place.login = MailServer.Login(user: "mailflow@fabrikam.com", password: password)
        return place
    }

    private static func session(
        _ service: MailServer.Service, _ server: PythonServer, _ security: MailServer.Security, within limit: Duration = .seconds(60)
    ) async throws -> MailSession {
        try await Transfers().mailSession(with: place(service, server, security), until: .now + limit)
    }

    /// A session with a server on 127.0.0.1, whose name has another address before, where nobody listens.
    private static func secondAddress(_ service: MailServer.Service, _ server: PythonServer) throws -> MailSession {
        let addresses = try ["127.0.0.2", "127.0.0.1"].map { try #require(NetworkAddress($0)) }
        return try MailSession(
            place(service, server, .none), addresses: addresses, port: server.port, resolving: .zero, trustStores: TrustStores(),
            until: .now + .seconds(60))
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
        // No handshake has begun.
        #expect(report.failure != nil && report.tls == nil, "\(report)")
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
            failure?.kind == .loginRefused && failure?.sentence.hasSuffix("refused the login of mailflow@fabrikam.com (535 5.7.8)") == true,
            "\(String(describing: failure))")
        #expect(failure?.detail.contains(Self.password) == false, "\(String(describing: failure))")
    }

    @Test("a server that speaks without end is cut off", arguments: [MailServer.Service.smtp, .imap])
    func endless(service: MailServer.Service) async throws {
        let greeting = service == .smtp ? "220-more" : "* OK more"
        let server = try await Self.server("while True: send(b'\(greeting)\\r\\n' * 1000)")
        let session = try await Self.session(service, server, .none)
        let report = service == .smtp ? await Self.submit(session) : await session.command("NOOP", in: "INBOX")
        #expect(report.failure?.kind == .notMail, "\(report)")
        #expect(await server.said("over"))
    }

    @Test("a password is offered by PLAIN, although libcurl would prefer Kerberos and NTLM", arguments: [MailServer.Service.smtp, .imap])
    func mechanisms(service: MailServer.Service) async throws {
        let server =
            service == .imap
            ? try await Self.imap()
            : try await Self.server(
                "send(b'220 mbx01\\r\\n'); request(); send(b'250-mbx01\\r\\n250 AUTH GSSAPI NTLM LOGIN PLAIN\\r\\n'); say(request().decode())"
            )
        let session = try await Self.session(service, server, .none)
        _ = await session.logIn()
        #expect(await server.said(service == .imap ? "AUTHENTICATE PLAIN" : "AUTH PLAIN"), "\(server.program.errors)")
    }

    @Test("a server that offers no login gets no message as from nobody", arguments: ["250 mbx01", "250-mbx01\\r\\n250 AUTH XOAUTH2"])
    func anonymous(greeting: String) async throws {
        let server = try await Self.server(
            "send(b'220 mbx01\\r\\n'); request(); send(b'\(greeting)\\r\\n'); say(request().decode()); send(b'250 ok\\r\\n'); say('then', lines.read())"
        )
        let failure = await Self.submit(try await Self.session(.smtp, server, .none)).failure
        #expect(
            failure?.kind == .loginRefused && failure?.sentence.contains("offers no way to log in") == true,
            "\(String(describing: failure))")
        #expect(await server.said("over"))
        #expect(!server.program.errors.contains("MAIL"), "\(server.program.errors)")
    }

    @Test("a long line arrives whole; one that is longer than libcurl keeps is refused", arguments: [3000, 20_000])
    func longLines(count: Int) async throws {
        let server = try await Self.imap(
            "if b'SEARCH' in command: reply = b'* SEARCH ' + b' '.join(str(n).encode() for n in range(100000, 100000 + \(count))) + b'\\r\\n' + reply"
        )
        let report = await (try await Self.session(.imap, server, .none)).command("UID SEARCH UNSEEN", in: "INBOX")
        if count == 3000 {
            #expect(report.lines == ["* SEARCH " + (100_000..<103_000).map(String.init).joined(separator: " ")])
        } else {
            #expect(report.failure?.kind == .notMail, "\(report)")
        }
    }

    @Test(
        "after a first address that refuses, the second one serves the whole session, and its own refusals are told",
        arguments: [false, true])
    func addresses(isRefused: Bool) async throws {
        let server = try await Self.imap(isRefused ? "if b'AUTH' in command: reply = tag + b' NO [AUTHENTICATIONFAILED]\\r\\n'" : "pass")
        let session = try Self.secondAddress(.imap, server)
        let reports = [await session.command("NOOP", in: "INBOX"), await session.command("UID SEARCH ALL", in: "INBOX")]
        // A second connection would find nobody.
        #expect(reports.map(\.failure?.kind) == (isRefused ? [.loginRefused, .refused] : [nil, nil]), "\(reports)")
        #expect(reports[0].remoteAddress?.hasPrefix("127.0.0.1:") == true)
    }

    @Test("after a login, a connection that has ended is not replaced by another, which knows nothing of it")
    func reconnection() async throws {
        let server = try await PythonServer(
            """
            listener = listen()
            def talk(peer):
                lines = peer.makefile('rb')
                peer.sendall(b'* OK mbx01\\r\\n')
                for line in lines:
                    tag, command = line.strip().split(b' ', 1)
                    say(command.decode())
                    if b'SEARCH' in command: break
                    peer.sendall((b'* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN\\r\\n' if command == b'CAPABILITY' else b'') + tag + b' OK\\r\\n')
                lines.close()
                peer.close()
                say('gone')
            while True: talk(listener.accept()[0])
            """)
        let session = try await Self.session(.imap, server, .none)
        #expect(await session.command("UID SEARCH ALL", in: "INBOX").failure?.kind == .reset)
        #expect(await server.said("gone"))
        let later = await session.command("UID STORE 1 +FLAGS (\\Deleted)", in: "INBOX")
        #expect(later.failure?.kind == .reset && !server.program.errors.contains("STORE"), "\(later) \(server.program.errors)")
    }

    @Test(
        "a refusal is quoted by its first line; one that is for now only is no word about the password; a farewell is quoted too",
        arguments: [
            (
                "LOGIN", "tag + b' NO [UNAVAILABLE] later\\r\\n'", ExchangeFailure.Kind.commandRefused,
                "does not let anybody log in at present (NO)"
            ),
            ("SELECT", "tag + b' NO no such mailbox\\r\\n'", .commandRefused, "NO no such mailbox"),
            ("SELECT", "b'* BYE server is going down\\r\\n'", .commandRefused, "* BYE server is going down"),
            ("CAPABILITY", "b'* BYE Connection is closed. 14\\r\\n'", .commandRefused, "* BYE Connection is closed. 14"),
        ])
    func refusals(command: String, reply: String, kind: ExchangeFailure.Kind, said: String) async throws {
        let word = command == "LOGIN" ? "AUTH" : command
        let ends = reply.contains("BYE") ? "; send(reply); reply = None; peer.shutdown(socket.SHUT_WR)" : ""
        let server = try await Self.imap("if b'\(word)' in command: reply = \(reply)\(ends)")
        let failure = await (try await Self.session(.imap, server, .none, within: .seconds(20))).command("UID SEARCH ALL", in: "INBOX")
            .failure
        #expect(failure?.kind == kind && failure?.sentence.contains(said) == true, "\(String(describing: failure))")
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
        let server = try await Self.imap(
            "if b'SEARCH' in command: reply = b'* SEARCH 4 5\\r\\n' + reply\n    if command == b'LOGOUT': reply = None")
        var session: MailSession? = try await Self.session(.imap, server, .none)
        let report = await session?.command("UID SEARCH UNSEEN", in: "INBOX")
        #expect(report?.lines == ["* SEARCH 4 5"], "\(String(describing: report))")
        session = nil
        #expect(await server.said("LOGOUT"))
        #expect(await server.said("over"))
    }
}
