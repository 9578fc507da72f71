/// Escapes control characters in untrusted text before it is shown, so that it cannot break lines, move the cursor or reverse direction.
///
/// Text from peers, commands and files can contain anything. Every text written to a log, a terminal or a page is escaped here, so that it
/// cannot imitate the agent's own output. The escapes are those of JSON, so that JSON remains valid.
package enum PrintableText {
    /// For single-line text: line breaks are escaped too.
    package static func line(_ text: String) -> String { escaped(text, keepsLineEnds: false) }

    /// For multi-line text: LF is kept.
    package static func lines(_ text: String) -> String { escaped(text, keepsLineEnds: true) }

    private static func escaped(_ text: String, keepsLineEnds: Bool) -> String {
        guard text.unicodeScalars.contains(where: { isUnprintable($0, keepsLineEnds) }) else { return text }
        var printable = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if isUnprintable(scalar, keepsLineEnds) {
                printable.append(contentsOf: escape(scalar).unicodeScalars)
            } else {
                printable.append(scalar)
            }
        }
        return String(printable)
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        default:
            let digits = String(scalar.value, radix: 16)
            return "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        }
    }

    /// Control characters, line and paragraph separators, and bidirectional formatting characters.
    private static func isUnprintable(_ scalar: Unicode.Scalar, _ keepsLineEnds: Bool) -> Bool {
        switch scalar.value {
        case 0x0A: !keepsLineEnds
        case 0..<0x20, 0x7F...0x9F, 0x61C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
