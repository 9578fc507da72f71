import FoundationEssentials
import Probing
import Testing

@Suite struct PrintableTextTests {
    @Test(
        "what ends a line, moves a cursor or turns text round is escaped as JSON does it",
        arguments: [
            ("a\nb\r\nc\td", "a\\nb\\r\\nc\\td"), ("\u{1b}[31mred\u{7}\u{0}", "\\u001b[31mred\\u0007\\u0000"),
            ("\u{7f}\u{80}\u{9b}31m\u{9f}", "\\u007f\\u0080\\u009b31m\\u009f"), ("a\u{2028}b\u{2029}c\u{85}d", "a\\u2028b\\u2029c\\u0085d"),
            ("\u{202a}\u{202e}\u{2066}\u{2069}\u{200e}\u{200f}\u{61c}", "\\u202a\\u202e\\u2066\\u2069\\u200e\\u200f\\u061c"),
            ("e\u{301} grün 👩‍💻 \\n", "e\u{301} grün 👩‍💻 \\n"), ("", ""),
        ])
    func line(text: String, shown: String) throws {
        #expect(PrintableText.line(text) == shown)
        #expect(PrintableText.line(shown) == shown)
    }

    @Test("lines stay lines, and JSON stays the same JSON")
    func lines() throws {
        #expect(PrintableText.lines("a\nb\r\u{1b}\n") == "a\nb\\r\\u001b\n")
        let values = ["a\n\u{1b}\u{9b}\u{7f}\u{202e}\u{2028}\"\\"]
        let encoder = JSONEncoder()
        encoder.outputFormatting = .prettyPrinted
        let shown = PrintableText.lines(String(decoding: try encoder.encode(values), as: UTF8.self))
        #expect(try JSONDecoder().decode([String].self, from: Data(shown.utf8)) == values)
        #expect(!shown.unicodeScalars.contains { [0x1b, 0x9b, 0x7f, 0x202e, 0x2028].contains($0.value) })
    }
}
