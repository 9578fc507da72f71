import Crypto
import CryptoExtras
import FoundationEssentials
import SwiftASN1
import Synchronization
import X509

/// The tenant's OAuth certificates: the healthy one, and each way it can be wrong. Made when first needed, then kept.
final class OAuthCertificates: Sendable {
    enum Variant: String, Sendable, CaseIterable {
        case healthy, expiresSoon, expiresVerySoon, expired, notYetValid, key1024, sha1, ellipticCurve
        /// A healthy one with another key, newer than `healthy`.
        case other
        /// For IIS and SMTP, and for mail to Exchange Online, where it is the client's.
        case web
        /// The same, but not for clients.
        case webOfServers
    }

    /// One certificate, as files and documents show it.
    struct Issued: Sendable {
        var der: [UInt8]
        var pem: String
        /// 40 upper-case hexadecimal digits.
        var thumbprint: String
        /// Unpadded base64url of the SHA-1.
        var x5t: String
        var notBefore: Date
        var notAfter: Date
    }

    static let webName = "mail.fabrikam.com"

    private let issued = Mutex<[Variant: Issued]>([:])

    func certificate(_ variant: Variant) throws -> Issued {
        if let known = issued.withLock({ $0[variant] }) { return known }
        let made = try Self.make(variant)
        return issued.withLock { issued in
            let kept = issued[variant] ?? made
            issued[variant] = kept
            return kept
        }
    }

    private static func make(_ variant: Variant) throws -> Issued {
        let now = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded())
        let day: TimeInterval = 86400
        let (begin, end): (TimeInterval, TimeInterval) =
            switch variant {
            case .expiresSoon: (-(5 * 365 - 45), 45)
            case .expiresVerySoon: (-(5 * 365 - 20), 20)
            case .expired: (-5 * 365 - 3, -3)
            case .notYetValid: (2, 2 + 5 * 365)
            case .other: (-1, 5 * 365)
            default: (-365, 4 * 365)
            }
        let key = try privateKey(variant)
        let isWeb = [.web, .webOfServers].contains(variant)
        let name = try DistinguishedName { CommonName(isWeb ? Self.webName : "Microsoft Exchange Server Auth Certificate") }
        let algorithm: Certificate.SignatureAlgorithm =
            switch variant {
            case .sha1: .sha1WithRSAEncryption
            case .ellipticCurve: .ecdsaWithSHA256
            default: .sha256WithRSAEncryption
            }
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: key.publicKey, notValidBefore: now + begin * day,
            notValidAfter: now + end * day,
            issuer: name, subject: name, signatureAlgorithm: algorithm,
            extensions: Certificate.Extensions {
                if isWeb { try ExtendedKeyUsage(variant == .web ? [.serverAuth, .clientAuth] : [.serverAuth]) }
            }, issuerPrivateKey: key)
        return try issue(certificate)
    }

    static func issue(_ certificate: Certificate) throws -> Issued {
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        let der = serializer.serializedBytes
        let digest = Array(Insecure.SHA1.hash(data: der))
        let hex = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined()
        return Issued(
            der: der, pem: try certificate.serializeAsPEM().pemString, thumbprint: hex, x5t: Base64URL.encode(digest),
            notBefore: certificate.notValidBefore, notAfter: certificate.notValidAfter)
    }

    private static func privateKey(_ variant: Variant) throws -> Certificate.PrivateKey {
        switch variant {
        case .ellipticCurve: .init(P256.Signing.PrivateKey())
        case .key1024: .init(try _RSA.Signing.PrivateKey(unsafeKeySize: .init(bitCount: 1024)))
        default: .init(try _RSA.Signing.PrivateKey(keySize: .bits2048))
        }
    }
}

enum Base64URL {
    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
