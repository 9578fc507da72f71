import CryptoExtras
import FoundationEssentials
import SwiftASN1
import X509

/// The credential that the lab's tenant has registered for the agent: an RSA key and its self-signed certificate.
struct AgentCredential: Sendable {
    let certificate: OAuthCertificates.Issued
    /// The same key in a certificate that ends in twenty days; registered as well.
    let expiring: OAuthCertificates.Issued
    let keyPEM: String
    let publicKeyPEM: String

    init() throws {
        let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let name = try DistinguishedName { CommonName("agent") }
        let now = Date()
        func certificate(days: Double) throws -> OAuthCertificates.Issued {
            try OAuthCertificates.issue(
                Certificate(
                    version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey), notValidBefore: now - (366 - days) * 86400,
                    notValidAfter: now + days * 86400,
                    issuer: name, subject: name, signatureAlgorithm: .sha256WithRSAEncryption, extensions: Certificate.Extensions {},
                    issuerPrivateKey: .init(key)))
        }
        self.certificate = try certificate(days: 365)
        expiring = try certificate(days: 20)
        keyPEM = key.pemRepresentation
        publicKeyPEM = key.publicKey.pemRepresentation
    }
}
