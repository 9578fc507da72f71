/// The SHA-1 digest of a certificate's DER, which Windows and Exchange use to identify certificates.
///
/// Formatted as 40 upper-case hexadecimal digits (`description`) or, in tokens and metadata documents, as `x5t`:
/// unpadded base64url of the same 20 bytes.
package struct Thumbprint: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let description: String

    /// Nil unless the digest has 20 bytes.
    package init?(digest: some Collection<UInt8>) {
        guard digest.count == 20 else { return nil }
        description = Hexadecimal.upper(digest)
    }

    /// Parses 40 hexadecimal digits in any case, ignoring spaces, colons, dashes and the invisible mark that Windows puts first; else nil.
    package init?(_ text: some StringProtocol) {
        let ignored: Set<Unicode.Scalar> = [" ", ":", "-", "\u{200E}", "\u{200F}", "\u{FEFF}", "\u{00A0}"]
        let digits = text.unicodeScalars.filter { !ignored.contains($0) }
        guard digits.count == 40, digits.allSatisfy({ $0.isASCII && $0.properties.isASCIIHexDigit }) else { return nil }
        description = String(String.UnicodeScalarView(digits)).uppercased()
    }

    /// Parses the `x5t` of a token header or metadata document, with or without padding; nil if it is not one.
    package init?(x5t: some StringProtocol) {
        guard let digest = Base64.decode(String(x5t)) else { return nil }
        self.init(digest: digest)
    }

    /// The digest in unpadded base64url.
    package var x5t: String { Base64.urlEncode(bytes) }

    package var bytes: [UInt8] { Hexadecimal.decode(description) }

    package static func < (left: Thumbprint, right: Thumbprint) -> Bool { left.description < right.description }
}
