import Probing
import TargetKinds
import TestSupport
import Testing

/// Regular expressions of modules mean what they mean to Go, whose blackbox_exporter they were written for.
@Suite struct PatternTests {
    /// Whether a line is matched.
    private static func matches(_ pattern: String, _ line: String) async throws -> Bool {
        let server = try await PythonServer.serving("send(\(line) + b'\\n')")
        let run = try await KindRun("tcp", server.address, ["query_response": [["expect": .text(pattern)]]], within: .seconds(60))
        #expect(run.result == .succeeded || run.conversation?.failedByPattern == true, run.story)
        return run.result == .succeeded
    }

    @Test(
        "syntax and meaning are Go's",
        arguments: [
            // RE2 takes a hyphen after a class as itself, and a repetition after an anchor.
            ("^[\\w-.]+$", "b'mail-1.fabrikam'", true), ("^+OK", "b'+OK ready'", false), ("^\\+OK", "b'+OK ready'", true),
            ("^*OK", "b'well OK'", true),
            // A byte that is not UTF-8 reads as U+FFFD: one for each byte, also of a sequence that was cut.
            ("^220 .*ready$", "b'220 caf\\xe9 ready'", true), ("^.{3}$", "b'\\xe9\\xe2\\x82'", true),
            ("^\\x{FFFD}$", "b'\\xff'", true), ("^\\x{FFFD}$", "b'\\xef\\xbf\\xbd'", true), ("^.{3}$", "b'\\xed\\xa0\\x80'", true),
            ("^.$", "'é'.encode()", true), ("^.{2}$", "b'\\xc0\\x80'", true), ("^[^a]$", "b'\\xff'", true), ("é", "b'\\xe9'", false),
            // The end is the very end, a word is one of ASCII, and case is folded where it is asked for.
            ("a$", "b'a\\rb'", false), ("(?i)straße", "'STRAßE'.encode()", true), ("\\bé", "'é'.encode()", false),
            ("(?s)^a.b$", "b'a b'", true), ("^\\pL+$", "'àéß'.encode()", true), ("^[[:alpha:]]+$", "b'abc'", true),
            ("\\Qa.b\\E", "b'a.b'", true), ("\\Qa\\C\\E", "b'a\\\\C'", true), ("^(?<word>a+)$", "b'aa'", true),
            // Leftmost, then as the expression prefers.
            ("^(a|ab)(c|bcd)$", "b'abcd'", true),
        ])
    func meaning(pattern: String, line: String, expected: Bool) async throws {
        #expect(try await Self.matches(pattern, line) == expected)
    }

    @Test(
        "what Go refuses is refused when it is read, in words",
        arguments: ["(", "a**", "[z-a]", "(?=x)", "(?<!x)y", "\\1", "\\C", "a\\C", "\\\\\\C", "x{1001}", "\\Z", "(?P<a>x)(?P<a>y)", "*"])
    func refused(pattern: String) async throws {
        await #expect(throws: KindRun.Refused.self) { try await Self.matches(pattern, "b''") }
    }

    @Test("an escaped backslash before a C is none of RE2's any-byte escapes")
    func escapedBackslash() async throws { #expect(try await Self.matches("^\\\\C$", "b'\\\\C'")) }

    @Test("a pattern that would take more memory than any needs is refused, and told so")
    func large() async throws {
        let refused = await #expect(throws: KindRun.Refused.self) { try await Self.matches("(\\pL{100}){10}", "b''") }
        #expect(refused?.description.contains("too large") == true, "\(String(describing: refused))")
    }

    @Test(
        "a line of 150 KB is searched in no time, and to its end",
        arguments: ["(\\w+\\s*)+error", "(.|\\n)*error", "(x+x+)+y|error$", "(.*)(.*)(.*)(.*)(.*)error", "(\\pL+\\PL*)*error"])
    func linear(pattern: String) async throws {
        #expect(try await Self.matches(pattern, "b'lorem ipsum ' * 12500 + b'error'"))
        #expect(try await !Self.matches(pattern, "b'lorem ipsum ' * 12500 + b'eror'"))
    }

    @Test("what a pattern caught is given back byte by byte, whatever the bytes")
    func captured() async throws {
        let server = try await PythonServer.serving("send(b'220 \\xe9\\xe9 caf\\xe9|\\xc3\\xa9\\xff\\n'); say('got', request())")
        let run = try await KindRun(
            "tcp", server.address,
            ["query_response": [["expect": "^220 (..) (?P<name>[^|]+)\\|(.*)$", "send": "$1 ${name} $3 ${nothing} $10"]]])
        #expect(run.result == .succeeded, run.story)
        #expect(await server.said("got b'\\xe9\\xe9 caf\\xe9 \\xc3\\xa9\\xff  \\n'"))
    }
}
