import Certificates
import Probing

/// A certificate or public key that is expected: a SHA-1 thumbprint, a SHA-256 fingerprint, or `sha256/` and the Base64 of the SHA-256 of the
/// public key, as in curl's `--pinnedpubkey` and in HTTP Public Key Pinning.
enum CertificatePin: Sendable, Hashable, CustomStringConvertible {
    case thumbprint(Thumbprint)
    /// 64 lower-case hexadecimal digits.
    case fingerprint(String)
    /// 32 bytes.
    case publicKey([UInt8])

    static let guide = KindGuide.Option(
        "pins", "expected certificates: SHA-1 or SHA-256 in hexadecimal, or sha256/BASE64 of a public key; one must match",
        settableThroughAgent: false)

    /// Nil if it is none of them. Colons and spaces in hexadecimal digits are ignored.
    init?(_ text: String) {
        // The Base64 may itself begin with a slash.
        for prefix in ["sha256//", "sha256/"] where text.hasPrefix(prefix) {
            guard let digest = Base64.decode(String(text.dropFirst(prefix.count))), digest.count == 32 else { continue }
            self = .publicKey(digest)
            return
        }
        if let thumbprint = Thumbprint(text) {
            self = .thumbprint(thumbprint)
            return
        }
        let digits = text.filter { $0 != ":" && $0 != " " }.lowercased()
        guard digits.utf8.count == 64, digits.allSatisfy(\.isHexDigit) else { return nil }
        self = .fingerprint(digits)
    }

    /// The list under the key; empty if there is none.
    static func read(_ reader: SettingsReader, _ key: String) -> [CertificatePin] {
        (reader.strings(key) ?? []).compactMap { text in
            if let pin = CertificatePin(text) { return pin }
            reader.error(
                "'\(key)' must contain SHA-1 or SHA-256 digests in hexadecimal, or sha256/BASE64 of public keys, found '\(text)'",
                at: reader.location(of: key))
            return nil
        }
    }

    /// The fingerprint of a certificate.
    static func of(_ facts: CertificateFacts) -> CertificatePin { .fingerprint(facts.fingerprintSHA256) }

    /// - Parameter facts: with `der`, if this is a public key.
    func isOf(_ facts: CertificateFacts) -> Bool {
        switch self {
        case .thumbprint(let thumbprint): facts.thumbprint == thumbprint
        case .fingerprint(let digits): facts.fingerprintSHA256 == digits
        case .publicKey(let digest): facts.publicKeyDigest == digest
        }
    }

    var description: String {
        switch self {
        case .thumbprint(let thumbprint): "SHA-1 \(thumbprint)"
        case .fingerprint(let digits): "SHA-256 \(digits)"
        case .publicKey(let digest): "public key sha256/\(Base64.encode(digest))"
        }
    }
}
