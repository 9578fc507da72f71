package import FoundationEssentials

/// What a certificate says of itself, read by OpenSSL: any key, any signature, also those nobody should trust.
///
/// Times are UTC with a resolution of one second. Nothing here is a verdict.
package struct CertificateFacts: Sendable, Hashable {
    /// SHA-1 of the DER.
    package var thumbprint: Thumbprint
    /// SHA-256 of the DER, 64 lower-case hexadecimal digits.
    package var fingerprintSHA256: String
    /// One line, RFC 2253 order as OpenSSL prints it: `CN=mail.fabrikam.com,O=Fabrikam`.
    package var subject: String
    package var issuer: String
    /// Hexadecimal, upper case, as certificate viewers show it.
    package var serialNumber: String
    package var notBefore: Date
    package var notAfter: Date
    package var keyType: KeyType
    /// Bits of the RSA modulus or of the curve.
    package var keyBits: Int
    /// OpenSSL's long name: `sha256WithRSAEncryption`, `ecdsa-with-SHA256`.
    package var signatureAlgorithm: String
    /// DNS names and addresses of the subject alternative name, in the certificate's order.
    package var names: [String]
    package var der: [UInt8]

    package enum KeyType: Sendable, Hashable, CustomStringConvertible {
        case rsa
        case ec
        /// OpenSSL's short name of any other key: `ED25519`, `DSA`.
        case other(String)

        package var description: String {
            switch self {
            case .rsa: "RSA"
            case .ec: "EC"
            case .other(let name): name
            }
        }
    }

    package init(
        thumbprint: Thumbprint, fingerprintSHA256: String, subject: String, issuer: String, serialNumber: String,
        notBefore: Date, notAfter: Date, keyType: KeyType, keyBits: Int, signatureAlgorithm: String,
        names: [String] = [], der: [UInt8] = []
    ) {
        self.thumbprint = thumbprint
        self.fingerprintSHA256 = fingerprintSHA256
        self.subject = subject
        self.issuer = issuer
        self.serialNumber = serialNumber
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.keyType = keyType
        self.keyBits = keyBits
        self.signatureAlgorithm = signatureAlgorithm
        self.names = names
        self.der = der
    }

    /// When it expires or expired, seen from a date: `expires on 2026-12-01T00:00:00Z, in 5 days`.
    package func expiryText(at date: Date) -> String {
        let end = notAfter.formatted(.iso8601)
        return notAfter > date
            ? "expires on \(end), in \(Self.length(notAfter.timeIntervalSince(date)))"
            : "expired on \(end), \(Self.length(date.timeIntervalSince(notAfter))) ago"
    }

    /// A time in the largest unit there are at least two of: `5 days`.
    private static func length(_ seconds: TimeInterval) -> String {
        if seconds >= 2 * 86400 { return "\(Int(seconds / 86400)) days" }
        return seconds >= 2 * 3600 ? "\(Int(seconds / 3600)) hours" : "\(Int(seconds / 60)) minutes"
    }

    /// Whether the signature is one that collisions are known for.
    package var hasWeakSignature: Bool {
        let name = signatureAlgorithm.lowercased()
        return ["sha1", "md5", "md4", "md2"].contains { name.contains($0) }
    }
}
