import Crypto
import FoundationEssentials
import NIOSSL
import SwiftASN1
import X509

/// The lab's own certificate authority, and the TLS certificates it issues.
struct LabAuthority: Sendable {
    /// PEM of the root, for `tls.caFile`.
    let rootPEM: String
    private let key: P256.Signing.PrivateKey
    private let name: DistinguishedName

    init(commonName: String) throws {
        key = P256.Signing.PrivateKey()
        name = try DistinguishedName { CommonName(commonName) }
        let now = Date()
        let root = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey), notValidBefore: now - 86400,
            notValidAfter: now + 10 * 365 * 86400,
            issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
            }, issuerPrivateKey: .init(key))
        rootPEM = try root.serializeAsPEM().pemString
    }

    /// A server's TLS identity for the names given.
    func identity(names: [String], notBefore: Date, notAfter: Date) throws -> NIOSSLContext {
        let leaf = P256.Signing.PrivateKey()
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(leaf.publicKey), notValidBefore: notBefore, notValidAfter: notAfter,
            issuer: name,
            subject: try DistinguishedName { CommonName(names[0]) }, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(names.map { .dnsName($0) })
            }, issuerPrivateKey: .init(key))
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: [
                .certificate(try NIOSSLCertificate(bytes: Array(try certificate.serializeAsPEM().pemString.utf8), format: .pem))
            ],
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(leaf.pemRepresentation.utf8), format: .pem)))
        configuration.minimumTLSVersion = .tlsv12
        return try NIOSSLContext(configuration: configuration)
    }
}
