import FoundationEssentials
import Probing
import TargetKinds
import TestSupport
import Testing

/// `starttls` of kind `tls`, against servers that follow a script and then speak TLS.
@Suite struct StartTLSDialectTests {
    /// Per dialect, what the server waits for and then says; `None` is said at once. Then how it refuses, in place of its last words.
    private static let server = """
        def mysql(abilities):
            greeting = b"\\x0a8.0.0\\0" + b"\\1\\0\\0\\0" + b"12345678" + b"\\0" + struct.pack("<H", abilities) + b"\\x21" + b"\\2\\0" + bytes(15)
            return struct.pack("<I", len(greeting))[:3] + b"\\0" + greeting
        def ldap(code):
            return bytes([0x30, 0x0c, 2, 1, 1, 0x78, 7, 0x0a, 1, code, 4, 0, 4, 0])
        stream = b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'>"
        offer = b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"
        TALK = {
            "smtp": [(None, b"220-mail\\r\\n220 ready\\r\\n"), (b"]\\r\\n", b"250-mail\\r\\n250 STARTTLS\\r\\n"), (b"STARTTLS\\r\\n", b"220 go\\r\\n"), b"454 later\\r\\n"],
            "imap": [(None, b"* OK ready\\r\\n"), (b"STARTTLS\\r\\n", b"* 1 EXISTS\\r\\na OK go\\r\\n"), b"a NO never\\r\\n"],
            "pop3": [(None, b"+OK ready\\r\\n"), (b"STLS\\r\\n", b"+OK go\\r\\n"), b"-ERR never\\r\\n"],
            "ftp": [(None, b"220-Welcome\\r\\n  to this\\r\\n221 server\\r\\n220 ready\\r\\n"), (b"AUTH TLS\\r\\n", b"234 go\\r\\n"), b"502 never\\r\\n"],
            "sieve": [(None, b'"IMPLEMENTATION" "x"\\r\\n"StartTLS"\\r\\nOK "ready"\\r\\n'), (b"STARTTLS\\r\\n", b"OK\\r\\n"), b"NO\\r\\n"],
            "irc": [(None, b":irc NOTICE * :hello\\r\\n"), (b"STARTTLS\\r\\n", b":irc 670 * :go\\r\\n"), b":irc 691 * :never\\r\\n"],
            "xmpp": [(b"version='1.0'>", b"<?xml version='1.0'?>" + stream + offer), (b"xmpp-tls'/>", b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"), b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"],
            "xmpp-server": [(b"xmlns='jabber:server' ", b""), (b"version='1.0'>", stream + offer), (b"xmpp-tls'/>", b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"), b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"],
            "ldap": [(b"1.3.6.1.4.1.1466.20037", ldap(0)), ldap(2)],
            "postgres": [(bytes([0x04, 0xd2, 0x16, 0x2f]), b"S"), b"N"],
            "mysql": [(None, mysql(0x8a00)), mysql(0x8200)],
        }
        def heard(peer, wanted):
            had = b""
            while wanted not in had:
                more = peer.recv(1)
                if not more: return False
                had += more
            return True
        dialect, behaviour = sys.argv[3], sys.argv[4]
        *steps, refusal = TALK[dialect]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        peer = accept()
        for number, (wanted, words) in enumerate(steps):
            if wanted and not heard(peer, wanted): break
            last = number == len(steps) - 1
            if behaviour == "other": words = b"HTTP/1.0 400 Bad Request\\r\\n\\r\\n"
            elif behaviour == "refuses" and last: words = refusal
            elif behaviour == "more" and last: words += b"more"
            peer.sendall(words)
            if behaviour == "other": break
            # Its request for TLS precedes the handshake.
            if dialect == "mysql" and behaviour != "refuses": say(len(peer.recv(36, socket.MSG_WAITALL)))
        if behaviour in ("other", "refuses"): peer.shutdown(socket.SHUT_WR); say("rest", peer.recv(1000))
        else:
            try: say("read", context.wrap_socket(peer, server_side=True).recv(100))
            except Exception as error: say("error", error)
        """

    private static let dialects = ["smtp", "imap", "pop3", "ftp", "sieve", "irc", "xmpp", "xmpp-server", "ldap", "postgres", "mysql"]

    private func run(_ dialect: String, _ behaviour: String) async throws -> KindRun {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let leaf = try await certificates.leaf("leaf", by: root)
        let server = try await PythonServer("import struct\n" + Self.server, [leaf.certificate, leaf.key, dialect, behaviour])
        return try await KindRun(
            "tls", "localhost:\(server.port)", ["starttls": .text(dialect), "tls_config": ["ca_file": .text(root.certificate)]])
    }

    @Test("the server agrees, and its certificate is verified", arguments: dialects)
    func agrees(dialect: String) async throws {
        let run = try await run(dialect, "agrees")
        #expect(run.result == .succeeded && run.passed == "resolve connect endpoint tls", run.story)
        #expect(run.certificates.count == 1 && run.tls?.version == "TLS 1.3" && run.tls?.cipher != nil)
    }

    @Test("the server refuses TLS", arguments: dialects)
    func refuses(dialect: String) async throws {
        let run = try await run(dialect, "refuses")
        #expect(run.reason == .startTLSMissing && run.stage == .endpoint && run.passed == "resolve connect", run.story)
        #expect(run.sentence.contains("the \(dialect) server "))
    }

    @Test("the server speaks another protocol", arguments: dialects)
    func other(dialect: String) async throws {
        let run = try await run(dialect, "other")
        #expect(run.reason == .answerUnexpected && run.stage == .endpoint && run.certificates.isEmpty, run.story)
    }

    @Test("what comes in clear after the consent is not taken for TLS", arguments: dialects.filter { $0 != "mysql" })
    func more(dialect: String) async throws {
        let run = try await run(dialect, "more")
        #expect(run.reason == .tlsHandshakeFailed && run.certificates.isEmpty, run.story)
    }
}
