import Certificates
import FoundationEssentials
import Probing
import TargetKinds
import TestSupport
import Testing
import Transfers

@Suite struct TCPTLSTests {
    /// Serves TLS once with the files of its arguments, and says what came of it.
    private static func server(_ certificate: String, _ key: String, more: String = "") async throws -> PythonServer {
        try await PythonServer(
            """
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1], sys.argv[2])
            context.sni_callback = lambda socket, name, context: say("asked for", name)
            \(more)
            peer = accept()
            try:
                peer = context.wrap_socket(peer, server_side=True)
                peer.sendall(b"welcome\\n")
                say("read", peer.recv(100))
            except Exception as error: say("error", error)
            """, [certificate, key])
    }

    @Test("a session is ended as TLS wants it: the peer is told that nothing more comes")
    func farewell() async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root", days: -1...30)
        let leaf = try await certificates.leaf("leaf", days: -1...30, by: root)
        let server = try await Self.server(
            leaf.certificate, leaf.key,
            more:
                "ssl.SSLContext.wrap_socket = (lambda wrap: lambda *a, **k: wrap(*a, **k, suppress_ragged_eofs=False))(ssl.SSLContext.wrap_socket)"
        )
        let options = Self.options(trusting: root.certificate).with("query_response", [["expect": "^welcome"]])
        let run = try await KindRun("tcp", "localhost:\(server.port)", options)
        #expect(run.result == .succeeded, run.story)
        #expect(await server.said("read b''"), "\(server.program.errors)")
    }

    private static func options(trusting ca: String, _ more: (String, Written)...) -> Written {
        var tls: Written = ["ca_file": .text(ca)]
        for (key, value) in more { tls = tls.with(key, value) }
        return ["tls": true, "tls_config": tls]
    }

    private static func days(_ date: Date?) -> Int? { date.map { Int(($0.timeIntervalSinceNow / 86400).rounded()) } }

    @Test("a chain that verifies on two ways: the earliest end presented, and the latest end of a whole way, are both told")
    func chain() async throws {
        let certificates = try TestCertificates()
        let old = try await certificates.root("old", days: -1...1)
        let new = try await certificates.root("new", days: -1...3, key: old.key)
        let leaf = try await certificates.leaf("leaf", days: -1...2, by: old)
        let presented = try certificates.joined("chain.pem", leaf, old)
        let server = try await Self.server(presented, leaf.key)
        let run = try await KindRun(
            "tcp", "localhost:\(server.port)", Self.options(trusting: try certificates.joined("roots.pem", old, new)))
        #expect(run.result == .succeeded && run.passed == "resolve connect tls", run.story)
        #expect(Self.days(run.certificates.map(\.notAfter).min()) == 1)
        #expect(Self.days(run.tls?.lastChainExpiry) == 2)
        #expect(run.tls?.version == "TLS 1.3" && run.tls?.cipher?.hasPrefix("TLS_") == true)
        #expect(run.certificates.map { Self.days($0.notAfter) } == [2, 1])
        #expect(await server.said("asked for localhost"))

        // The old root alone: its own end is the way's.
        let again = try await Self.server(presented, leaf.key)
        let single = try await KindRun("tcp", "localhost:\(again.port)", Self.options(trusting: old.certificate))
        #expect(Self.days(single.tls?.lastChainExpiry) == 1, single.story)
    }

    @Test(
        "a certificate that does not verify fails the run with its reason, and is kept; unverified it is spoken with all the same",
        arguments: [
            ("DNS:mail.fabrikam.com", -1...30, true, Reason.certificateNameMismatch),
            ("DNS:localhost", -30 ... -1, true, .certificateExpired),
            ("DNS:localhost", 1...30, true, .certificateNotYetValid), ("DNS:localhost", -1...30, false, .certificateUntrusted),
        ] as [(String, ClosedRange<Int>, Bool, Reason)])
    func rejected(names: String, days: ClosedRange<Int>, isTrusted: Bool, reason: Reason) async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root", days: -60...60)
        let stranger = try await certificates.root("stranger", days: -60...60, commonName: "Stranger")
        let leaf = try await certificates.leaf("leaf", names, days: days, by: root)
        let ca = (isTrusted ? root : stranger).certificate
        let server = try await Self.server(leaf.certificate, leaf.key)
        let run = try await KindRun("tcp", "localhost:\(server.port)", Self.options(trusting: ca))
        #expect(run.result == .failed && run.reason == reason && run.stage == .tls, run.story)
        #expect(run.certificates.map(\.subject) == ["CN=leaf"] && Self.days(run.certificates.first?.notAfter) == days.upperBound)
        #expect(run.tls != nil && run.tls?.version == nil && run.tls?.lastChainExpiry == nil)

        let again = try await Self.server(leaf.certificate, leaf.key)
        let open = try await KindRun("tcp", "localhost:\(again.port)", Self.options(trusting: ca, ("insecure_skip_verify", true)))
        #expect(open.result == .succeeded && open.tls?.version == "TLS 1.3" && open.tls?.lastChainExpiry == nil, open.story)
        #expect(open.certificates.count == 1)
    }

    @Test("the name asked for and verified: the module's before the caller's before the target's; none for an address; no dot at its end")
    func names() async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let leaf = try await certificates.leaf("leaf", "DNS:localhost, DNS:mail.fabrikam.com, IP:127.0.0.1", by: root)
        let rows: [(Target, String?, String)] = [
            (Target("localhost"), nil, "localhost"), (Target("127.0.0.1"), nil, "None"),
            (Target("127.0.0.1", hostname: "mail.fabrikam.com"), nil, "mail.fabrikam.com"),
            (Target("127.0.0.1", hostname: "web.fabrikam.com"), "mail.fabrikam.com", "mail.fabrikam.com"),
            (Target("127.0.0.1", hostname: "mail.fabrikam.com."), nil, "mail.fabrikam.com"),
        ]
        for (host, serverName, asked) in rows {
            let server = try await Self.server(leaf.certificate, leaf.key)
            var target = host
            target.text += ":\(server.port)"
            let options = Self.options(trusting: root.certificate)
            let run = try await KindRun(
                "tcp", target,
                serverName.map { Self.options(trusting: root.certificate, ("server_name", .text($0))) } ?? options)
            #expect(run.result == .succeeded, run.story)
            #expect(await server.said("asked for \(asked)"), "\(server.program.errors)")
        }
    }

    @Test("versions: the range asked for is the one spoken, and a server outside it is refused")
    func versions() async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let leaf = try await certificates.leaf("leaf", by: root)
        let old = try await Self.server(
            leaf.certificate, leaf.key, more: "context.maximum_version = ssl.TLSVersion.TLSv1_2")
        let run = try await KindRun("tcp", old.address, Self.options(trusting: root.certificate, ("min_version", "TLS12")))
        #expect(run.result == .succeeded && run.tls?.version == "TLS 1.2", run.story)
        let older = try await Self.server(
            leaf.certificate, leaf.key, more: "context.maximum_version = ssl.TLSVersion.TLSv1_2")
        let refused = try await KindRun("tcp", older.address, Self.options(trusting: root.certificate, ("min_version", "TLS13")))
        #expect(refused.reason == .tlsHandshakeFailed && refused.stage == .tls, refused.story)
        let capped = try await Self.server(leaf.certificate, leaf.key)
        let low = try await KindRun("tcp", capped.address, Self.options(trusting: root.certificate, ("max_version", "TLS12")))
        #expect(low.tls?.version == "TLS 1.2", low.story)
    }

    @Test(
        "who asks for a certificate gets it; without one, TLS 1.3 breaks off after the handshake, and 1.2 within",
        arguments: ["TLS12", "TLS13"])
    func clientCertificate(version: String) async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let leaf = try await certificates.leaf("leaf", by: root)
        let client = try await certificates.leaf("client", by: root)
        let demand = "context.verify_mode = ssl.CERT_REQUIRED\ncontext.load_verify_locations('\(root.certificate)')"
        let script: Written = [["expect": "welcome"]]
        let good = try await Self.server(leaf.certificate, leaf.key, more: demand)
        let run = try await KindRun(
            "tcp", good.address,
            Self.options(
                trusting: root.certificate, ("max_version", .text(version)), ("cert_file", .text(client.certificate)),
                ("key_file", .text(client.key))
            ).with("query_response", script))
        #expect(run.result == .succeeded, run.story)
        let bad = try await Self.server(leaf.certificate, leaf.key, more: demand)
        let refused = try await KindRun(
            "tcp", bad.address,
            Self.options(trusting: root.certificate, ("max_version", .text(version))).with("query_response", script))
        #expect(refused.reason == .clientCertificateRequired && refused.stage == .tls, refused.story)
        #expect(refused.outcome.decisive?.exception.contains("alert") == true, refused.story)
        let waiting = try await PythonServer.serving("peer.recv(1)")
        let unusable = try await KindRun(
            "tcp", waiting.address,
            Self.options(trusting: root.certificate, ("cert_file", .text(client.certificate)), ("key_file", .text(leaf.key))))
        #expect(unusable.result == .rejected && unusable.reason == .credentialUnreadable && unusable.stage == .tls, unusable.story)
    }

    @Test("no TLS there: plain text, an end and a cut are told apart from a certificate's faults")
    func noTLS() async throws {
        let rows: [(String, Reason)] = [
            ("send(b'220 mail.fabrikam.com ESMTP\\r\\n'); peer.recv(1000); peer.recv(1)", .tlsHandshakeFailed),
            ("peer.recv(1000)", .connectionReset),
            (
                "peer.recv(1000); peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)); peer.close()",
                .connectionReset
            ),
        ]
        for (behaviour, reason) in rows {
            let server = try await PythonServer.serving(behaviour)
            let run = try await KindRun("tcp", server.address, ["tls": true])
            #expect(run.reason == reason && run.stage == .tls && run.certificates.isEmpty, run.story)
        }
    }
}
