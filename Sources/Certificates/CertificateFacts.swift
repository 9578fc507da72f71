package import FoundationEssentials

/// The fields of a certificate, parsed by OpenSSL. Any key and signature algorithm is accepted, including weak ones.
///
/// Dates have a resolution of one second. Nothing here has been verified.
package struct CertificateFacts: Sendable, Hashable {
    /// SHA-1 of the DER.
    package var thumbprint: Thumbprint
    /// SHA-256 of the DER, 64 lower-case hexadecimal digits.
    package var fingerprintSHA256: String
    /// One line in RFC 2253 order, as OpenSSL prints it: `CN=mail.fabrikam.com,O=Fabrikam`.
    package var subject: String
    package var issuer: String
    /// Upper-case hexadecimal.
    package var serialNumber: String
    package var notBefore: Date
    package var notAfter: Date
    package var keyType: KeyType
    /// Size of the RSA modulus or of the curve, in bits; 0 if the key cannot be parsed.
    package var keyBits: Int
    /// OpenSSL's long name: `sha256WithRSAEncryption`, `ecdsa-with-SHA256`; with the digest in `rsassaPss with SHA256`.
    package var signatureAlgorithm: String
    /// The DNS names and IP addresses of the subject alternative name extension, in the certificate's order.
    package var names: [String]
    /// The mail addresses of that extension, in its order.
    package var mailAddresses: [String]
    package var der: [UInt8]

    /// The algorithm of a public key.
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
        names: [String] = [], mailAddresses: [String] = [], der: [UInt8] = []
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
        self.mailAddresses = mailAddresses
        self.der = der
    }

    /// When it expires or expired, relative to a date: `expires on 2026-12-01T00:00:00Z, in 5 days`.
    package func expiryText(at date: Date) -> String {
        let end = notAfter.formatted(.iso8601)
        if notAfter > date { return "expires on \(end), in \(Self.length(notAfter.timeIntervalSince(date)))" }
        let since = date.timeIntervalSince(notAfter)
        return "expired on \(end)" + (since < 60 ? "" : ", \(Self.length(since)) ago")
    }

    /// Formats a positive number of seconds in the largest unit with a value of at least two: `5 days`.
    private static func length(_ seconds: TimeInterval) -> String {
        if seconds >= 2 * 86400 { return "\(Int(seconds / 86400)) days" }
        return seconds >= 2 * 3600 ? "\(Int(seconds / 3600)) hours" : "\(Int(seconds / 60)) minutes"
    }

    /// Whether the signature uses a hash with known collisions: SHA-1, MD5, MD4 or MD2.
    package var hasWeakSignature: Bool {
        let name = signatureAlgorithm.lowercased()
        // The last is an old name of DSA with SHA-1, or with its predecessor.
        return ["sha1", "md5", "md4", "md2"].contains { name.contains($0) } || name == "dsawithsha"
    }
}
