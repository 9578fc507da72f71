import Certificates
import FoundationEssentials
import Glibc
import TestSupport
import Testing
import Transfers

/// Chains that were verified a moment ago, by exchanges that share their trust stores, and what must be verified again all the same.
@Suite struct VerdictCacheTests {
    private let certificates: TestCertificates
    private let transfers = Transfers()

    init() throws { certificates = try TestCertificates() }

    private func request(_ server: PythonServer, trusting file: String, as name: String = "localhost") -> ExchangeRequest {
        var request = ExchangeRequest(
            url: "https://\(name)/", deadline: .seconds(20), trust: TrustedRoots(includesSystem: false, file: file))
        request.address = server.address
        return request
    }

    private func expectVerified(_ request: ExchangeRequest) async {
        let report = await transfers.exchange(request)
        #expect(report.failure == nil && report.verdict?.fault == nil && report.response?.status == 200, "\(String(describing: report))")
    }

    private func expect(_ fault: ChainVerdict.Fault, of request: ExchangeRequest) async {
        let report = await transfers.exchange(request)
        #expect(report.verdict?.fault == fault && report.response == nil, "\(String(describing: report))")
        #expect(report.failure?.kind == .certificateRejected)
    }

    /// Waits until a file of roots is old enough to be loaded once and kept, and with it what was verified.
    private func expectKept(_ file: String) async {
        let roots = TrustedRoots(includesSystem: false, file: file)
        let isKept = await eventually(within: .seconds(60)) {
            guard let first = try? transfers.trustStores.store(roots), let second = try? transfers.trustStores.store(roots) else {
                return false
            }
            return first === second
        }
        #expect(isKept)
    }

    @Test("a chain that was verified is refused at a date at which it has expired, or is not yet valid, and taken again at another")
    func dates() async throws {
        let (server, root) = try await certificates.peer()
        await expectKept(root.certificate)
        var request = request(server, trusting: root.certificate)
        await expectVerified(request)
        await expectVerified(request)
        // The leaf is valid from yesterday on, for thirty days.
        request.tls.verificationDate = Date() + 31 * 86400
        await expect(.expired, of: request)
        request.tls.verificationDate = Date() - 2 * 86400
        await expect(.notYetValid, of: request)
        request.tls.verificationDate = nil
        await expectVerified(request)
    }

    @Test("a chain expires at its notAfter, whether it was verified before or not, and not a second earlier", arguments: [true, false])
    func lastSecond(isVerified: Bool) async throws {
        let (server, root) = try await certificates.peer()
        await expectKept(root.certificate)
        var request = request(server, trusting: root.certificate)
        request.tls.verifies = false
        let leaf = try #require(await Transfers().exchange(request).chain.first?.facts)
        request.tls.verifies = true
        request.tls.verificationDate = leaf.notAfter - 1
        if isVerified { await expectVerified(request) }
        request.tls.verificationDate = leaf.notAfter
        await expect(.expired, of: request)
        request.tls.verificationDate = leaf.notAfter - 1
        await expectVerified(request)
    }

    @Test("a chain is refused at a date at which its issuer has expired, though the leaf is still valid")
    func issuer() async throws {
        let root = try await certificates.root("root", days: -1...60)
        let issuer = try await certificates.intermediate("issuer", days: -1...10, by: root)
        let leaf = try await certificates.leaf("leaf", days: -1...30, by: issuer)
        let server = try await TLSPeer.start(try certificates.joined("chain.pem", leaf, issuer), leaf.key)
        await expectKept(root.certificate)
        var request = request(server, trusting: root.certificate)
        await expectVerified(request)
        request.tls.verificationDate = Date() + 11 * 86400
        await expect(.expired, of: request)
    }

    @Test("a chain that was verified is refused once its root is no longer in the file of roots")
    func replaced() async throws {
        let (server, root) = try await certificates.peer()
        let stranger = try await certificates.root("stranger", commonName: "Stranger")
        let file = try certificates.joined("trusted.pem", root)
        await expectKept(file)
        let request = request(server, trusting: file)
        await expectVerified(request)
        await expectVerified(request)
        // Another file in its place.
        let other = try certificates.joined("new.pem", stranger)
        #expect(rename(other, file) == 0)
        await expect(.untrusted, of: request)
        await expectKept(file)
        await expect(.untrusted, of: request)
        _ = try certificates.joined("trusted.pem", stranger, root)
        await expectVerified(request)
    }

    @Test("a chain that was verified for one name is refused for another, and by those who trust other roots")
    func names() async throws {
        let (server, root) = try await certificates.peer("DNS:localhost")
        let stranger = try await certificates.root("stranger", commonName: "Stranger")
        for file in [root.certificate, stranger.certificate] { await expectKept(file) }
        await expectVerified(request(server, trusting: root.certificate))
        await expect(.nameMismatch, of: request(server, trusting: root.certificate, as: "mail.fabrikam.com"))
        await expect(.untrusted, of: request(server, trusting: stranger.certificate))
        await expectVerified(request(server, trusting: root.certificate))
    }

    @Test("a chain that was accepted without verification is refused by those who verify")
    func unverified() async throws {
        let (server, _) = try await certificates.peer()
        let stranger = try await certificates.root("stranger", commonName: "Stranger")
        await expectKept(stranger.certificate)
        var request = request(server, trusting: stranger.certificate)
        request.tls.verifies = false
        let open = await transfers.exchange(request)
        #expect(open.failure == nil && open.verdict?.fault == .untrusted && open.response?.status == 200)
        request.tls.verifies = true
        await expect(.untrusted, of: request)
    }

    @Test("a chain that differs from a verified one in its leaf alone is verified anew: one of a stranger is refused")
    func otherLeaf() async throws {
        let root = try await certificates.root("root")
        let stranger = try await certificates.root("stranger")
        let leaf = try await certificates.leaf("leaf", by: root)
        let forged = try await certificates.leaf("forged", by: stranger)
        let server = try await TLSPeer.start(try certificates.joined("chain.pem", leaf, root), leaf.key)
        let forger = try await TLSPeer.start(try certificates.joined("forged-chain.pem", forged, root), forged.key)
        await expectKept(root.certificate)
        await expectVerified(request(server, trusting: root.certificate))
        let report = await transfers.exchange(request(forger, trusting: root.certificate))
        #expect(report.failure?.kind == .certificateRejected && report.response == nil, "\(String(describing: report))")
    }

    /// Between a client and a server of TLS 1.2, whose handshake is sent in the clear: where `forges` is set, the signature by which the
    /// server shows that it has the key of its certificate is another one.
    private static let relay = """
        upstream, forges = int(sys.argv[1]), sys.argv[2] == "forge"
        def whole(peer, count):
            data = b""
            while len(data) < count:
                part = peer.recv(count - len(data))
                if not part: raise OSError("over")
                data += part
            return data
        def up(client, server):
            try:
                while data := client.recv(65536): server.sendall(data)
                server.shutdown(socket.SHUT_WR)
            except OSError: pass
        def down(client, server):
            try:
                while True:
                    head = whole(server, 5)
                    body = bytearray(whole(server, struct.unpack(">H", head[3:])[0]))
                    at = 0
                    # Handshake messages, until the first that is encrypted.
                    while head[0] == 22 and at + 4 <= len(body):
                        size = int.from_bytes(body[at + 1:at + 4], "big")
                        if at + 4 + size > len(body): break
                        if body[at] == 12:
                            say("server key exchange")
                            if forges: body[at + 4 + size - 1] ^= 1
                        at += 4 + size
                    client.sendall(head + body)
            except OSError: pass
            client.close()
        listener = listen()
        while True:
            client, _ = listener.accept()
            server = socket.create_connection(("127.0.0.1", upstream))
            threading.Thread(target=up, args=(client, server), daemon=True).start()
            threading.Thread(target=down, args=(client, server), daemon=True).start()
        """

    @Test("a handshake that is not signed with the key of a verified chain fails: the chain alone proves nothing")
    func forged()
        async throws
    {
        let (server, root) = try await certificates.peer(more: "context.maximum_version = ssl.TLSVersion.TLSv1_2")
        let honest = try await PythonServer(Self.relay, [String(server.port), "relay"])
        let forging = try await PythonServer(Self.relay, [String(server.port), "forge"])
        await expectKept(root.certificate)
        await expectVerified(request(honest, trusting: root.certificate))
        #expect(await honest.said("server key exchange"))
        let report = await transfers.exchange(request(forging, trusting: root.certificate))
        #expect(report.failure?.kind == .handshakeFailed && report.failure?.phase == .tls && report.response == nil, "\(report)")
        // The forged signature was seen after the chain, which is the one that was verified.
        #expect(report.verdict?.fault == nil && report.tls?.leaf != nil)
        await expectVerified(request(honest, trusting: root.certificate))
    }
}
