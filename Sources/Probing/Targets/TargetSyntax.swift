/// Syntax rules for targets of every kind.
package enum TargetSyntax {
    package static let longest = 2048

    /// Why the text is not a valid target, as a clause (`is empty`); nil if it may be one.
    package static func problem(_ text: String) -> String? {
        if text.isEmpty { return "is empty" }
        if text.utf8.count > longest { return "is \(text.utf8.count) bytes long, the maximum is \(longest)" }
        if text.utf8.contains(UInt8(ascii: " ")) || holdsControlCharacter(text) { return "contains a space or a control character" }
        return nil
    }

    /// Whether the text contains control characters or line separators: in a text protocol, they would allow injection.
    package static func holdsControlCharacter(_ text: String) -> Bool {
        text.unicodeScalars.contains { scalar in
            switch scalar.value {
            case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029: true
            default: false
            }
        }
    }
}
