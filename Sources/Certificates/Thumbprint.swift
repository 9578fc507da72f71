/// The SHA-1 of a certificate's DER, as Windows and Exchange name certificates.
///
/// Written as 40 upper-case hexadecimal digits (`description`) or, in tokens and metadata documents, as `x5t`:
/// unpadded base64url of the same 20 bytes.
package struct Thumbprint: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let description: String

    /// The 20 bytes of the digest; any other number is a programming error of the caller and gives nil.
    package init?(digest: some Collection<UInt8>) {
        guard digest.count == 20 else { return nil }
        description = Hexadecimal.upper(digest)
    }

    /// Reads what people paste: any case, with spaces, colons or the invisible mark Windows puts in front.
    package init?(_ text: some StringProtocol) {
        let ignored: Set<Unicode.Scalar> = [" ", ":", "-", "\u{200E}", "\u{200F}", "\u{FEFF}", "\u{00A0}"]
        let digits = text.unicodeScalars.filter { !ignored.contains($0) }
        guard digits.count == 40, digits.allSatisfy({ $0.isASCII && $0.properties.isASCIIHexDigit }) else { return nil }
        description = String(String.UnicodeScalarView(digits)).uppercased()
    }

    /// Reads the `x5t` of a token header or a metadata document; padding is accepted.
    package init?(x5t: some StringProtocol) {
        guard let digest = Base64.decode(String(x5t)) else { return nil }
        self.init(digest: digest)
    }

    /// Unpadded base64url of the digest.
    package var x5t: String { Base64.urlEncode(bytes) }

    package var bytes: [UInt8] { Hexadecimal.decode(description) }

    package static func < (left: Thumbprint, right: Thumbprint) -> Bool { left.description < right.description }
}
