import Documents
import Testing

@Suite struct JSONTreeTests {
    @Test(
        "a duration is a number of seconds that makes sense, or a text that is one; whatever a peer writes, it is no crash",
        arguments: [
            ("3599", Duration.seconds(3599)), ("\"3599\"", .seconds(3599)), ("0.5", .milliseconds(500)), ("1e30", nil), ("1e300", nil),
            ("\"9e99\"", nil), ("\"NaN\"", nil), ("\"inf\"", nil), ("-1", nil), ("0", nil), ("null", nil), ("{}", nil), ("\"\"", nil),
        ])
    func duration(text: String, expected: Duration?) throws {
        #expect(try JSONTree(Array(text.utf8), within: .answer).duration == expected)
    }

    /// A tree as text again, so that it can be compared.
    private static func text(_ tree: JSONTree) -> String {
        switch tree {
        case .object(let members): "{" + members.map { "\($0.name)=\(text($0.value))" }.joined(separator: ",") + "}"
        case .array(let elements): "[" + elements.map(text).joined(separator: ",") + "]"
        case .text(let text): "'\(text)'"
        case .number(let number): "\(number)"
        case .bool(let isTrue): "\(isTrue)"
        case .null: "null"
        }
    }

    private static func read(_ text: String, values: Int = 1000) -> String {
        do throws(JSONFault) { return Self.text(try JSONTree(Array(text.utf8), within: JSONBounds(values: values))) } catch {
            return error.description
        }
    }

    @Test(
        "JSON is read as RFC 8259 has it",
        arguments: [
            ("{}", "{}"), (" [ ] ", "[]"), ("\u{FEFF}null", "null"), ("[true,false,null]", "[true,false,null]"),
            (#"{"a":{"b":[1,-0.5,2e3]},"c":""}"#, "{a={b=[1.0,-0.5,2000.0]},c=''}"), ("0", "0.0"),
            (#""\"\\\/\b\f\n\r\t\u0041\ud83d\uDE00é""#, "'\"\\/\u{8}\u{C}\n\r\tA😀é'"), (#"{"a":1,"a":2}"#, "{a=1.0,a=2.0}"),
        ])
    func good(text: String, expected: String) { #expect(Self.read(text) == expected) }

    @Test(
        "what is not JSON says where it ends to be",
        arguments: [
            ("", 1, 1), ("{", 1, 2), ("[1,]", 1, 4), ("[1 2]", 1, 4), ("{\"a\"}", 1, 5), ("{a:1}", 1, 2), ("\n 01", 2, 4), ("1.", 1, 3),
            ("-", 1, 2), ("tru", 1, 1), ("\"a", 1, 3), ("\"\\x\"", 1, 4), ("\"\\u12g4\"", 1, 6), ("\"\\ud800\"", 1, 8), ("\"\u{1}\"", 1, 2),
            ("{} {}", 1, 4), ("[1]]", 1, 4), ("'a'", 1, 1), ("+1", 1, 1), ("NaN", 1, 1),
        ])
    func bad(text: String, line: Int, column: Int) { #expect(Self.read(text) == "not valid JSON (line \(line), column \(column))") }

    @Test("bytes that are not UTF-8 are not JSON")
    func notUTF8() {
        #expect(throws: JSONFault.self) { try JSONTree([0x22, 0xC3, 0x28, 0x22], within: .answer) }
    }

    @Test("nesting and values are bounded, in both readers alike")
    func bounds() throws {
        func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        func list(_ count: Int) -> String { "[" + Array(repeating: "1", count: count).joined(separator: ",") + "]" }
        #expect(Self.read(nested(32)) == nested(32))
        #expect(Self.read(nested(33)) == "nested deeper than 32" && Self.read("{\"a\":" + nested(32) + "}") == "nested deeper than 32")
        #expect(Self.read(list(9), values: 10) == Self.read(list(9)) && Self.read(list(10), values: 10) == "more than 10 values")
        let bounds = JSONBounds(values: 10)
        for good in [nested(9).replacing("[]", with: "[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[,,,,,,,,,,,,,,\\\"[[\"]"), list(8)] {
            try bounds.check(Array(good.utf8))
        }
        #expect(throws: JSONFault.tooDeep(limit: 32)) { try JSONBounds(values: 1000).check(Array(nested(33).utf8)) }
        #expect(throws: JSONFault.tooManyValues(limit: 10)) { try bounds.check(Array(list(11).utf8)) }
    }

    @Test("a member is found in any case, the one that is spelled so first, whatever the order")
    func names() throws {
        for text in [#"{"KEYS":1,"keys":2,"Keys":3}"#, #"{"keys":2,"KEYS":1}"#, #"{"Keys":2,"KEYS":1}"#] {
            #expect(try JSONTree(Array(text.utf8), within: .answer)["keys"].map(Self.text) == "2.0", "\(text)")
        }
        #expect(try JSONTree(Array("[]".utf8), within: .answer)["keys"].map(Self.text) == nil)
    }

    @Test("900 KB nested 505 deep are refused at the 33rd level")
    func nestedDocument() {
        let ones = Array(repeating: "1", count: 450_000).joined(separator: ",")
        let text = "{\"keys\":[],\"x\":" + String(repeating: "[", count: 505) + ones + String(repeating: "]", count: 505) + "}"
        #expect(Self.read(text, values: .max) == "nested deeper than 32")
    }
}
