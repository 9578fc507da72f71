/// Percent-encoding of URLs (RFC 3986).
package enum PercentEncoding {
    /// Encodes all but the unreserved characters, for use as a query parameter value.
    package static func encode(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                encoded.append(Character(UnicodeScalar(byte)))
            default: encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }

    /// Encodes for a form, in which `+` stands for a space.
    package static func form(_ text: String) -> String { encode(text).replacing("%20", with: "+") }

    /// Decodes the text; nil if an escape is truncated or invalid, or if the result is not UTF-8.
    /// - Parameter isForm: whether `+` stands for a space, as in a form-encoded query.
    package static func decode(_ text: Substring, isForm: Bool = false) -> String? {
        if !text.utf8.contains(where: { $0 == UInt8(ascii: "%") || isForm && $0 == UInt8(ascii: "+") }) { return String(text) }
        let written = Array(text.utf8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(written.count)
        var index = 0
        while index < written.count {
            switch written[index] {
            case UInt8(ascii: "%"):
                guard let value = escape(written[(index + 1)...]) else { return nil }
                bytes.append(value)
                index += 2
            case UInt8(ascii: "+") where isForm: bytes.append(UInt8(ascii: " "))
            case let byte: bytes.append(byte)
            }
            index += 1
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Whether every `%` is followed by two hexadecimal digits.
    package static func isWhole(_ text: Substring) -> Bool {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return true }
        var rest = Array(text.utf8)[...]
        while let percent = rest.firstIndex(of: UInt8(ascii: "%")) {
            rest = rest[(percent + 1)...]
            guard escape(rest) != nil else { return false }
        }
        return true
    }

    private static func escape(_ digits: ArraySlice<UInt8>) -> UInt8? {
        guard let first = digits.first, let high = value(first), let second = digits.dropFirst().first, let low = value(second) else {
            return nil
        }
        return high << 4 | low
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
