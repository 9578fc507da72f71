import Testing

@testable import Expressions

/// Expressions and their values; what a conformance run of cel-spec's own files has shown is kept here as rows.
@Suite struct ExpressionTests {
    /// The value as text, or the error.
    private static func value(_ text: String, _ body: String = "null") -> String {
        let expression: Expression
        do throws(SyntaxError) {
            expression = try Expression(text, variables: ["body"]) { text, pattern in pattern == "(" ? nil : text.contains(pattern) }
        } catch { return "refused: \(error)" }
        guard let json = try? Value(json: Array(body.utf8)) else { return "no JSON" }
        do throws(EvaluationError) { return shown(try expression.value(["body": json])) } catch { return "error: \(error)" }
    }

    private static func shown(_ value: Value) -> String {
        switch value {
        case .null: "null"
        case .bool(let truth): "\(truth)"
        case .int(let number): "\(number)"
        case .uint(let number): "\(number)u"
        case .double(let number): "\(number)"
        case .string(let text): "'\(text)'"
        case .bytes(let bytes): "b\(bytes)"
        case .list(let list): "[\(list.map(shown).joined(separator: ", "))]"
        case .map(let map): "{\(map.entries.map { "\(shown($0.key)): \(shown($0.value))" }.joined(separator: ", "))}"
        case .type(let name): name
        }
    }

    @Test(
        "literals",
        arguments: [
            ("0", "0"), ("-9223372036854775808", "-9223372036854775808"), ("0xFFu", "255u"), ("1.5e3", "1500.0"), (".5", "0.5"),
            ("'a\\n\\x41\\u00e9\\101'", "'a\nAéA'"), ("r'a\\n'", "'a\\n'"), ("\"\"\"a\"b\nc\"\"\"", "'a\"b\nc'"),
            ("b'\\xff\\303'", "b[255, 195]"),
            ("[1, 2,]", "[1, 2]"), ("{'a': 1, 2u: null,}", "{'a': 1, 2u: null}"), ("// note\n true", "true"),
        ])
    func literal(text: String, value: String) { #expect(Self.value(text) == value) }

    @Test(
        "operators, in their precedence and with their errors",
        arguments: [
            ("1 + 2 * 3 - 4 / 2 % 3", "5"), ("-(2 - 3)", "1"), ("--1", "1"), ("!true || true", "true"), ("1 < 2 == true", "true"),
            ("true ? 1 : 1 / 0", "1"), ("false ? 1 : false ? 2 : 3", "3"), ("'a' + 'b'", "'ab'"), ("[1] + [2]", "[1, 2]"),
            ("b'a' + b'b'", "b[97, 98]"), ("1 / 0", "error: divide by zero"), ("1 % 0", "error: modulus by zero"), ("1.0 / 0.0", "inf"),
            ("9223372036854775807 + 1", "error: integer overflow"), ("0u - 1u", "error: integer overflow"),
            ("1 + 1.0", "error: no such overload"),
            ("1 == 1.0", "true"), ("1u == 1", "true"), ("'1' == 1", "false"), ("1 < 1.5", "true"), ("-1 < 1u", "true"),
            ("9007199254740993 == 9007199254740992.0", "false"), ("0.0 / 0.0 == 0.0 / 0.0", "false"), ("'a' < 'b'", "true"),
            ("false < true", "true"),
            ("'a' < 1", "error: no such overload"), ("[1, [2]] == [1.0, [2u]]", "true"), ("{'a': 1} == {'a': 1.0}", "true"),
            ("2 in [1, 2.0]", "true"), ("'a' in {'a': 1}", "true"), ("1 in 'a'", "error: no such overload"),
            // One side that decides makes an error of the other irrelevant.
            ("true || 1 / 0 > 0", "true"), ("1 / 0 > 0 || true", "true"), ("1 / 0 > 0 && false", "false"),
            ("1 / 0 > 0 || false", "error: divide by zero"),
            ("1 && true", "error: no such overload"), ("'x' || true", "true"),
        ])
    func operators(text: String, value: String) { #expect(Self.value(text) == value) }

    @Test(
        "functions and macros",
        arguments: [
            ("size('é€')", "2"), ("[1, 2].size()", "2"), ("'abc'.contains('b') && 'abc'.startsWith('ab') && 'abc'.endsWith('bc')", "true"),
            ("'abc'.matches('b')", "true"), ("matches('abc', 'x')", "false"), ("'a'.matches('(')", "error: invalid regular expression"),
            ("int('42') + int(3.9) + int(2u)", "47"), ("int(1e19)", "error: number out of range"),
            ("uint(-1)", "error: number out of range"),
            ("double('1.5')", "1.5"), ("string(1.0) + string(true) + string(b'x')", "'1truex'"), ("bool('true')", "true"),
            ("bytes('é')", "b[195, 169]"),
            ("type(1) == int", "true"), ("type(null)", "null_type"), ("dyn([1])[0]", "1"), ("[1, 2, 3].all(x, x > 0)", "true"),
            ("[1, 2, 3].exists(x, x > 2)", "true"), ("[1, 2].exists_one(x, x > 1)", "true"), ("[1, 2, 3].filter(x, x > 1)", "[2, 3]"),
            ("[1, 2].map(x, x * 2)", "[2, 4]"), ("[1, 2, 3].map(x, x > 1, x * 2)", "[4, 6]"), ("{'a': 1}.all(k, k == 'a')", "true"),
            ("[1, 0].exists(x, 1 / x == 1)", "true"), ("[0, 1].all(x, 1 / x == 2)", "false"),
            ("[0].all(x, 1 / x == 1)", "error: divide by zero"),
            ("[1].map(x, [2].map(y, x + y))", "[[3]]"), ("has({'a': 1}.a) && !has({'a': 1}.b)", "true"), ("{'a-b': 1}.`a-b`", "1"),
            ("{'a': 1}.b", "error: no such key: b"), ("[1][1]", "error: invalid list index"), ("[1, 2][1.0]", "2"),
            ("{1: 'x'}[1.0]", "'x'"),
            ("{'a': 1, 'a': 2}", "error: repeated key, or unsupported key type"),
        ])
    func functions(text: String, value: String) { #expect(Self.value(text) == value) }

    @Test(
        "what is no expression, or needs more than there is, is refused with its column",
        arguments: [
            ("", "the expression ends too early (column 1)"), ("1 +", "the expression ends too early (column 4)"),
            ("(1", "')' is missing (column 3)"),
            ("1 2", "unexpected value (column 3)"), ("a", "unknown name 'a'; known names: body (column 1)"),
            ("if", "'if' is reserved (column 1)"),
            ("timestamp('x')", "unknown function 'timestamp' with 1 arguments (column 1)"),
            ("'a'.trim()", "unknown method 'trim' with 0 arguments (column 5)"),
            ("'a", "text without its closing quotation mark (column 1)"), ("'\\q'", "invalid escape sequence '\\q' (column 2)"),
            ("1 # 2", "unexpected character '#' (column 3)"), ("99999999999999999999", "number out of range (column 1)"),
            ("[1].map(1, 2)", "the first argument of 'map' must be a name (column 9)"),
            ("has(1)", "'has' takes a selection such as body.status (column 1)"),
            ("[1].all(x, x) && x", "unknown name 'x'; known names: body (column 18)"),
        ])
    func refused(text: String, sentence: String) { #expect(Self.value(text) == "refused: " + sentence) }

    @Test("a JSON document is what Go makes of it: its numbers are of type double")
    func json() {
        let body = #"{"status": "ok", "count": 3, "items": [{"n": 1.5}, null, true], "a.b": {}}"#
        for text in [
            "body.status == 'ok' && body.count > 2", "body.items[0].n == 1.5 && body.items[1] == null && body.items[2]",
            "type(body.count) == double",
            "size(body.`a.b`) == 0", "body.items.exists(i, i == true)", "!has(body.none)",
        ] { #expect(Self.value(text, body) == "true", "\(text)") }
        #expect(Self.value("body.none.more", body) == "error: no such key: none")
        #expect(Self.value("body.status.more", body) == "error: no such field 'more' in a value of type string")
        #expect(Self.value("body", "[1] x") == "no JSON" && Self.value("body", "") == "no JSON")
        #expect(Self.value("body", "7") == "7.0")
        #expect(Self.value("body.a", #"{"a": 1, "b": 2, "a": 3}"#) == "3.0")
    }

    @Test("neither an expression nor a document can take all steps or the stack")
    func bounds() {
        let list = "[" + repeatElement("0", count: 100).joined(separator: ",") + "]"
        let nested = (0..<8).reduce("1") { body, level in "\(list).map(x\(level), \(body))" }
        #expect(Self.value(nested) == "error: the expression takes too many steps")
        let doubled = (0..<60).reduce("'aaaaaaaaaaaaaaaa'") { text, level in "[\(text)].map(x\(level), x\(level) + x\(level))[0]" }
        #expect(Self.value(doubled) == "error: the expression takes too many steps")
        for (open, close) in [("(", ")"), ("[", "]"), ("!", ""), ("-", ""), ("{1:", "}"), ("size(", ")")] {
            let deep = String(repeating: open, count: 20_000) + "1" + String(repeating: close, count: 20_000)
            #expect(Self.value(deep).hasPrefix("refused: the expression"), "\(open)")
        }
        for joined in [
            repeatElement("1", count: 5000).joined(separator: "+"), "body" + String(repeating: ".a", count: 5000),
            "body" + String(repeating: "[0]", count: 5000),
        ] {
            #expect(Self.value(joined).hasPrefix("refused: too many"))
        }
        #expect(Self.value(String(repeating: " ", count: 70_000) + "1").hasPrefix("refused: the expression is longer"))
        let row = (1...32).map { "body == \($0)" }.joined(separator: " || ")
        #expect(Self.value(row, "32") == "true")
        let document = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        #expect(Self.value("body", document) == "no JSON")
        #expect(Self.value("size(body)", "[" + String(repeating: "1,", count: 200_000) + "1]") == "200001")
    }
}
