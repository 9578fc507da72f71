import Crypto
import CryptoExtras
import FoundationEssentials
import Glibc
import Outbound
import Probing
import SwiftASN1
import TestSupport
import Testing
import Transfers
import X509

@testable import ProbeKinds

/// The agent's own credential, when it is none: could not judge, and nothing is sent to anybody.
@Suite struct CredentialTests {
    private static func pair() throws -> (certificate: String, key: String) {
        let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let name = try DistinguishedName { CommonName("agent") }
        let now = Date()
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey), notValidBefore: now, notValidAfter: now + 86400,
            issuer: name, subject: name, signatureAlgorithm: .sha256WithRSAEncryption, extensions: Certificate.Extensions {},
            issuerPrivateKey: .init(key))
        return (try certificate.serializeAsPEM().pemString, key.pkcs8PEMRepresentation)
    }

    @Test("a key of another certificate, a pipe and a key under a password are unreadable credentials before anything is sent")
    func own() async throws {
        let directory = try TemporaryDirectory()
        let (one, other) = (try Self.pair(), try Self.pair())
        let certificate = try directory.write("agent.pem", one.certificate)
        let foreign = try directory.write("foreign.key", other.key)
        let pipe = directory.path + "/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        let locked = directory.path + "/locked.key"
        let own = try directory.write("own.key", one.key)
        let ended = try await Program.run("openssl", ["rsa", "-in", own, "-aes128", "-passout", "pass:secret", "-out", locked])
        #expect(ended.status == 0, "\(ended.errors)")
        for file in [foreign, own, locked] { chmod(file, 0o600) }
        let transfers = Transfers()
        // Nobody listens there: what came so far has a finding of the network.
        func finding(_ certificate: String, _ key: String) async -> Finding? {
            let credential = TokenCredential(
                endpoint: "https://127.0.0.1:1/token", clientID: "c", scope: "s", certificateFile: certificate, keyFile: key)
            let path = NetworkPath(transfers: transfers, trust: .system, settings: NetworkSettings(), userAgent: "test")
            var log = RunRecorder()
            let time = SystemTime()
            let context = RunContext(date: time.now, deadline: .seconds(5), time: time)
            guard case .refused(let finding) = await TokenRequest(credential: credential, path: path).run(context, into: &log) else {
                return nil
            }
            return finding
        }
        #expect(await finding(certificate, own)?.reason == .connectRefused)
        let mismatch = await finding(certificate, foreign)
        #expect(mismatch?.reason == .credentialUnreadable && mismatch?.severity == .unknown, "\(String(describing: mismatch))")
        #expect(mismatch?.sentence.hasPrefix("\(foreign) is not the private key of \(certificate) (") == true)
        #expect(await finding(certificate, locked)?.reason == .credentialUnreadable)
        #expect(await finding(certificate, pipe)?.sentence == "\(pipe): it is a named pipe, not a regular file")
        #expect(await finding(pipe, own)?.reason == .credentialUnreadable)
        chmod(own, 0o644)
        #expect(await finding(certificate, own)?.sentence == "\(own): it has mode 0644 and is accessible to other users: chmod 0640 \(own)")
    }
}
