import FoundationEssentials

/// Base64 as used in tokens (`base64url`, unpadded) and in documents (standard alphabet, padded, with line breaks).
package enum Base64 {
    /// Decodes either alphabet, with or without padding or white space; nil if the text is not Base64.
    package static func decode(_ text: String) -> [UInt8]? {
        var plain = text.filter { !$0.isWhitespace }
            .replacing("-", with: "+").replacing("_", with: "/")
        while plain.hasSuffix("=") { plain.removeLast() }
        plain += String(repeating: "=", count: (4 - plain.count % 4) % 4)
        return Data(base64Encoded: plain).map(Array.init)
    }

    /// Encodes in the standard alphabet, padded, as one line.
    package static func encode(_ bytes: some Sequence<UInt8>) -> String { Data(bytes).base64EncodedString() }

    /// Encodes as `base64url` without padding.
    package static func urlEncode(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}

enum Hexadecimal {
    private static let upperDigits = Array("0123456789ABCDEF".utf8)

    static func upper(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: bytes.flatMap { [upperDigits[Int($0 >> 4)], upperDigits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// Decodes an even number of valid hexadecimal digits; the caller validates them.
    static func decode(_ digits: String) -> [UInt8] {
        let nibbles = digits.utf8.map { digit -> UInt8 in
            digit >= 97 ? digit - 87 : digit >= 65 ? digit - 55 : digit - 48
        }
        return stride(from: 0, to: nibbles.count - 1, by: 2).map { nibbles[$0] << 4 | nibbles[$0 + 1] }
    }
}
