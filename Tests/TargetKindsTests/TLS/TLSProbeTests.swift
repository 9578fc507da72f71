import FoundationEssentials
import Probing
import TargetKinds
import TestSupport
import Testing

/// Kind `tls` beyond the dialogue that precedes TLS.
@Suite struct TLSProbeTests {
    private let certificates: TestCertificates
    private let root: TestCertificates.Identity

    init() async throws {
        certificates = try TestCertificates()
        root = try await certificates.root("root")
    }

    private func options(_ more: Written = [:]) -> Written { more.with("tls_config", ["ca_file": .text(root.certificate)]) }

    private func openssl(_ command: String) async throws -> String {
        let ended = try await Program.run("/bin/sh", ["-c", command])
        #expect(ended.status == 0, "\(ended.errors)")
        return ended.output.filter { !$0.isWhitespace }
    }

    @Test("a pin may be a thumbprint, a fingerprint or a public key, of the server or of its verified issuer")
    func pins() async throws {
        let leaf = try await certificates.leaf("leaf", by: root)
        let server = try await TLSPeer.start(try certificates.joined("chain.pem", leaf, root), leaf.key)
        let key =
            "openssl x509 -in \(leaf.certificate) -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64"
        let good = [
            try await openssl("openssl x509 -in \(leaf.certificate) -noout -fingerprint -sha1 | cut -d= -f2"),
            try await openssl("openssl x509 -in \(root.certificate) -noout -fingerprint -sha256 | cut -d= -f2"),
            "sha256/" + (try await openssl(key)), "sha256//" + (try await openssl(key)),
        ]
        let wrong = String(repeating: "ab", count: 32)
        for pin in good {
            let run = try await KindRun("tls", "localhost:\(server.port)", options(["pins": [.text(wrong), .text(pin)]]))
            #expect(run.result == .succeeded, "\(pin): \(run.outcome.findings)")
        }
        let run = try await KindRun("tls", "localhost:\(server.port)", options(["pins": .text(wrong)]))
        #expect(run.reason == .pinMismatch && run.stage == .tls && run.sentence.contains(wrong), run.story)
        await #expect(throws: KindRun.Refused.self) { try await KindRun("tls", "localhost", ["pins": "sha256/AAAA"]) }
    }

    @Test("a validity longer than 'maximumLifetime' is a warning")
    func lifetime() async throws {
        let leaf = try await certificates.leaf("leaf", days: -1...397, by: root)
        let server = try await TLSPeer.start(leaf.certificate, leaf.key)
        #expect(try await KindRun("tls", "localhost:\(server.port)", options(["maximumLifetime": "398d"])).outcome.findings.isEmpty)
        let run = try await KindRun("tls", "localhost:\(server.port)", options(["maximumLifetime": "397d"]))
        #expect(run.reason == .lifetimeTooLong && run.result == .succeeded, run.story)
    }

    @Test("through a proxy, which may ask for a login or refuse")
    func proxy() async throws {
        let leaf = try await certificates.leaf("leaf", by: root)
        let server = try await TLSPeer.start(leaf.certificate, leaf.key)
        let proxy = try await PythonServer(
            """
            def pump(source, sink):
                try:
                    while data := source.recv(65536): sink.sendall(data)
                    sink.shutdown(socket.SHUT_WR)
                except OSError: pass
            def serve(peer):
                head = b""
                while not head.endswith(b"\\r\\n\\r\\n"): head += peer.recv(1)
                lines = head.decode().split("\\r\\n")
                say(lines[0])
                if "Proxy-Authorization: Basic bWU6cEBzcw==" not in lines: peer.sendall(b"HTTP/1.1 407 Login\\r\\n\\r\\n"); return peer.close()
                host, port = lines[0].split()[1].rsplit(":", 1)
                if host != "localhost": peer.sendall(b"HTTP/1.1 403 Forbidden\\r\\nX: y\\r\\n\\r\\n"); return peer.close()
                back = socket.create_connection(("127.0.0.1", int(port)))
                peer.sendall(b"HTTP/1.1 200 OK\\r\\nX: y\\r\\n\\r\\n")
                threading.Thread(target=pump, args=(back, peer), daemon=True).start()
                pump(peer, back)
            listener = listen()
            while True: threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
            """)
        func run(_ host: String, _ user: String) async throws -> KindRun {
            try await KindRun("tls", "\(host):\(server.port)", options(["proxy_url": .text("http://\(user)\(proxy.address)/")]))
        }
        let good = try await run("localhost", "me:p%40ss@")
        #expect(good.result == .succeeded && good.passed == "resolve connect tls" && good.certificates.count == 1, good.story)
        #expect(await proxy.said("CONNECT localhost:\(server.port) HTTP/1.1"))
        let stranger = try await run("localhost", "")
        #expect(stranger.reason == .proxyAuthentication && stranger.stage == .connect, stranger.story)
        let refused = try await run("elsewhere.test", "me:p%40ss@")
        #expect(refused.reason == .proxyRefused && refused.outcome.decisive?.exception == "HTTP/1.1 403 Forbidden", refused.story)
        for bad in ["https://proxy", "http://", "proxy:3128"] {
            await #expect(throws: KindRun.Refused.self) { try await KindRun("tls", "localhost", ["proxy_url": .text(bad)]) }
        }
    }

    @Test("a target without a port is at that of the protocol, and an address may be in brackets")
    func targets() async throws {
        for (target, starttls, port) in [("127.0.0.1", "smtp", 25), ("[::1]", "imap", 143), ("127.0.0.1", "", 443)] {
            let run = try await KindRun("tls", target, starttls.isEmpty ? [:] : ["starttls": .text(starttls)])
            #expect(run.sentence.contains(":\(port)") || run.stage == .tls || run.stage == .endpoint, run.story)
        }
        #expect(try await KindRun("tls", "a:b:c").reason == .targetInvalid)
    }
}
