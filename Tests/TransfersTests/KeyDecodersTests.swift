import CCurl
import Certificates
import FoundationEssentials
import TestSupport
import Testing

@testable import Transfers

/// The decoders that OpenSSL is left with decode every form of key that may come.
@Suite struct KeyDecodersTests {
    struct Form: Sendable, CustomTestStringConvertible {
        var key: [String]
        var type: String
        var bits: Int
        /// Whether its traditional PEM form differs from PKCS #8.
        var isTraditional = false

        var testDescription: String { key[1] }
    }

    private static let forms = [
        Form(key: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], type: "RSA", bits: 2048, isTraditional: true),
        Form(key: ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"], type: "RSA", bits: 2048),
        Form(key: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], type: "EC", bits: 384, isTraditional: true),
        Form(key: ["-algorithm", "ED25519"], type: "ED25519", bits: 256), Form(key: ["-algorithm", "ED448"], type: "ED448", bits: 456),
    ]

    /// Engine and its decoders are there before any key is decoded, as in the agent.
    private let transfers = Transfers()
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test("a certificate's public key and the private key of a client, in PKCS #8 and in the traditional form", arguments: forms)
    func decodes(_ form: Form) async throws {
        let key = directory.path + "/key.pem"
        let certificate = directory.path + "/certificate.pem"
        try await openssl(["genpkey"] + form.key + ["-out", key])
        try await openssl(["req", "-x509", "-new", "-key", key, "-subj", "/CN=client", "-out", certificate])
        let facts = try CertificateFacts.read(pemOrDER: Array(Data(contentsOf: URL(filePath: certificate))))
        #expect(facts.keyType.description == form.type)
        #expect(facts.keyBits == form.bits)
        try use(certificate, key)
        guard form.isTraditional else { return }
        let traditional = directory.path + "/traditional.pem"
        try await openssl(["pkey", "-in", key, "-traditional", "-out", traditional])
        #expect(try directory.text("traditional.pem").contains(" PRIVATE KEY-----"))
        #expect(try !directory.text("traditional.pem").contains("-----BEGIN PRIVATE KEY-----"))
        try use(certificate, traditional)
    }

    @Test("a certificate with a key that no client uses", arguments: ["X25519", "DSA"])
    func rare(_ algorithm: String) async throws {
        let key = directory.path + "/rare.pem"
        let publicKey = directory.path + "/public.pem"
        if algorithm == "DSA" {
            try await openssl(["dsaparam", "-genkey", "-noout", "-out", key, "1024"])
        } else {
            try await openssl(["genpkey", "-algorithm", algorithm, "-out", key])
        }
        try await openssl(["pkey", "-in", key, "-pubout", "-out", publicKey])
        let issuer = directory.path + "/issuer.pem"
        let certificate = directory.path + "/certificate.pem"
        try await openssl(["genpkey", "-algorithm", "ED25519", "-out", issuer])
        try await openssl(["req", "-new", "-key", issuer, "-subj", "/CN=rare", "-out", directory.path + "/request.pem"])
        try await openssl([
            "x509", "-req", "-in", directory.path + "/request.pem", "-signkey", issuer, "-force_pubkey", publicKey, "-out", certificate,
        ])
        let facts = try CertificateFacts.read(pemOrDER: Array(Data(contentsOf: URL(filePath: certificate))))
        #expect(facts.keyType.description == algorithm)
        #expect(facts.keyBits > 0)
    }

    /// Where no configuration file activates providers, as in Debian's and Ubuntu's.
    @Test("they take the place of the default provider's up to OpenSSL 3.1, and leave it alone from 3.2 on")
    func isUsed() async {
        // In a process of its own: in this one, other tests may have used OpenSSL before the first `Transfers`.
        await #expect(processExitsWith: .success) {
            withExtendedLifetime(Transfers()) {
                #expect((OSSL_PROVIDER_available(nil, "agent-default") == 1) == (OpenSSL_version_num() < 0x3020_0000))
            }
        }
    }

    private func use(_ certificate: String, _ key: String) throws {
        let context = try #require(SSL_CTX_new(TLS_client_method()))
        defer { SSL_CTX_free(context) }
        do throws(ClientCertificate.Unusable) {
            try ClientCertificate(certificateFile: certificate, keyFile: key).use(in: context)
        } catch { Issue.record("\(error.sentence)") }
    }

    private func openssl(_ arguments: [String]) async throws {
        let ended = try await Program.run("openssl", arguments)
        try #require(ended.status == 0, "\(arguments): \(ended.errors)")
    }
}
