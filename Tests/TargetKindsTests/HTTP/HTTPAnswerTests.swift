import FoundationEssentials
import Probing
import TestSupport
import Testing

@testable import TargetKinds

/// What an answer is judged by: status, version, headers, body and its size and encoding.
@Suite struct HTTPAnswerTests {
    private let site: HTTPSite

    init() throws { site = try HTTPSite() }

    @Test(
        "a status is accepted when it is 2xx, or one of those written",
        arguments: [
            (200, [], true), (201, [], true), (299, [], true), (300, [], false), (404, [], false), (404, [200, 404], true),
            (200, [200, 404], true), (201, [200, 404], false), (404, [404], true), (200, [404], false),
        ] as [(Int, [Int], Bool)])
    func status(status: Int, valid: [Int], succeeds: Bool) async throws {
        let server = try await WebServer()
        let seen = try await site.run("http://\(server.authority)/?status=\(status)", "valid_status_codes: \(valid)")
        #expect(seen.succeeded == succeeds)
        #expect(seen.http.status == status && seen.http.version == "1.1" && !seen.http.failedByPattern)
        if !succeeds { #expect(seen.reason == .httpStatus && seen.stage == .endpoint) }
    }

    @Test(
        "101 is an answer as any other, whether the connection stays open or not, and its headers count",
        arguments: ["threading.Event().wait()", "pass"], [[101], []] as [[Int]])
    func switching(behaviour: String, valid: [Int]) async throws {
        let server = try await PythonServer.serving(
            """
            while request().strip(): pass
            send(b"HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: other\\r\\nConnection: Upgrade\\r\\nX-Own: yes\\r\\n\\r\\n")
            \(behaviour)
            """)
        let seen = try await site.run(
            server.address, "valid_status_codes: \(valid)\nfail_if_header_not_matches: [{ header: X-Own, regexp: yes }]",
            deadline: .seconds(60))
        #expect(seen.http.status == 101 && seen.succeeded == !valid.isEmpty, "\(seen.sentence)")
        if valid.isEmpty { #expect(seen.reason == .httpStatus) }
    }

    @Test("other provisional answers are passed over")
    func provisional() async throws {
        let server = try await PythonServer.serving(
            """
            while request().strip(): pass
            send(b"HTTP/1.1 103 Early Hints\\r\\nLink: </a>\\r\\n\\r\\nHTTP/1.1 204 No Content\\r\\n\\r\\n")
            """)
        let seen = try await site.run(server.address)
        #expect(seen.succeeded && seen.http.status == 204, "\(seen.sentence)")
    }

    @Test(
        "a version is accepted when nothing is written, or it is written",
        arguments: [
            ("[]", "HTTP/1.1", true), ("[HTTP/1.1]", "HTTP/1.1", true), ("[HTTP/1.1, HTTP/2.0]", "HTTP/1.1", true),
            ("[HTTP/1.1, HTTP/2.0, HTTP/3.0]", "HTTP/1.1", true), ("[HTTP/2.0]", "HTTP/1.1", false), ("[HTTP/3.0]", "HTTP/1.1", false),
            ("[HTTP/1.0]", "HTTP/1.0", true), ("[HTTP/1.1]", "HTTP/1.0", false),
        ])
    func version(valid: String, spoken: String, succeeds: Bool) async throws {
        let server = try await WebServer(version: spoken)
        let seen = try await site.run(server.authority, "valid_http_versions: \(valid)")
        #expect(seen.succeeded == succeeds, "\(seen.sentence)")
        #expect(seen.http.version == String(spoken.dropFirst(5)))
        if !succeeds { #expect(seen.reason == .answerUnexpected) }
    }

    @Test(
        "the length is what the answer announces, and -1 where it announces none",
        arguments: [("text=hello", 5, 5), ("text=hello&length=unknown", -1, 5), ("status=204", 0, 0), ("text=&times=0", 0, 0)])
    func length(query: String, announced: Int, read: Int) async throws {
        let server = try await WebServer()
        let seen = try await site.run("\(server.authority)/?\(query)")
        #expect(seen.succeeded)
        #expect(seen.http.contentLength == announced && seen.http.bodyLength == read)
    }

    @Test("the date of the last change is the header's, and absent without it")
    func lastModified() async throws {
        let server = try await WebServer()
        let with = try await site.run("\(server.authority)/?header=Last-Modified:Sun,%2006%20Nov%201994%2008:49:37%20GMT")
        #expect(with.http.lastModified == Date(timeIntervalSince1970: 784_111_777))
        #expect(try await site.run(server.authority).http.lastModified == nil)
    }

    @Test(
        "a body is undone by the compression written, which is not asked for; another encoding fails",
        arguments: [
            ("compression: gzip", "gzip", true, 5), ("compression: br", "br", true, 5), ("compression: deflate", "deflate", true, 5),
            ("compression: identity", "", true, 5), ("compression: identity", "br", true, 9), ("{}", "br", true, 9),
            ("{ compression: gzip, headers: { Accept-Encoding: 'br;q=0.5, gzip' } }", "gzip", true, 5),
            ("compression: gzip", "", false, 0), ("compression: gzip", "br", false, 0), ("compression: br", "gzip", false, 0),
            ("compression: gzip", "damaged", false, 0),
        ])
    func compression(options: String, encode: String, succeeds: Bool, length: Int) async throws {
        let server = try await WebServer()
        let seen = try await site.run("\(server.authority)/?encode=\(encode)", options)
        #expect(seen.succeeded == succeeds, "\(seen.sentence)")
        #expect(seen.http.bodyLength == length)
        #expect(server.requests.first?.headers["accept-encoding"] == (options.contains("br;q") ? "br;q=0.5, gzip" : nil))
    }

    @Test("a compressed body is looked at as it reads, not as it came")
    func compressedPattern() async throws {
        let server = try await WebServer()
        let url = "\(server.authority)/?encode=gzip&text=needle"
        #expect(try await site.run(url, "{ compression: gzip, fail_if_body_not_matches_regexp: [needle] }").succeeded)
        let raw = try await site.run(url, "fail_if_body_not_matches_regexp: [needle]")
        #expect(!raw.succeeded && raw.http.failedByPattern)
    }

    @Test(
        "a body over its limit fails, and its length is the limit's",
        arguments: [
            ("128B", 128, true, 128), ("128B", 129, false, 128), ("1KB", 1024, true, 1024), ("1KiB", 1025, false, 1024),
            ("0", 5000, true, 5000), ("4B", 100, false, 4),
        ])
    func limit(limit: String, size: Int, succeeds: Bool, length: Int) async throws {
        let server = try await WebServer()
        let seen = try await site.run("\(server.authority)/?text=x&times=\(size)", "body_size_limit: \(limit)")
        #expect(seen.succeeded == succeeds)
        #expect(seen.http.bodyLength == length && seen.http.contentLength == size && seen.http.status == 200)
        if !succeeds { #expect(seen.reason == .httpTooLarge && !seen.http.failedByPattern) }
    }

    @Test("the limit counts what a compressed body becomes")
    func compressedLimit() async throws {
        let server = try await WebServer()
        let seen = try await site.run("\(server.authority)/?encode=gzip&text=x&times=100000", "{ compression: gzip, body_size_limit: 1KB }")
        #expect(seen.reason == .httpTooLarge && seen.http.bodyLength == 1024)
    }

    @Test("a body that nobody looks at is counted and not kept")
    func unkept() async throws {
        let server = try await WebServer()
        let seen = try await site.run("\(server.authority)/?text=0123456789&times=3000000")
        #expect(seen.succeeded && seen.http.bodyLength == 30_000_000)
        let looked = try await site.run("\(server.authority)/?text=0123456789&times=3000000", "fail_if_body_matches_regexp: [nothing]")
        #expect(looked.reason == .httpTooLarge && looked.sentence.contains("body_size_limit"))
    }

    @Test(
        "a body's patterns decide, each of them",
        arguments: [
            ("fail_if_body_matches_regexp: [Bad news]", "Bad%20news:%20could%20not%20connect", false),
            ("fail_if_body_matches_regexp: [Bad news]", "Download%20the%20latest%20version", true),
            ("fail_if_body_matches_regexp: [Bad news, latest]", "Download%20the%20latest%20version", false),
            ("fail_if_body_not_matches_regexp: [Download]", "Bad%20news", false),
            ("fail_if_body_not_matches_regexp: [Download]", "Download%20it", true),
            ("fail_if_body_not_matches_regexp: [Download, latest]", "Download%20it", false),
            ("{ fail_if_body_not_matches_regexp: [Down], fail_if_body_matches_regexp: ['(?i)BAD'] }", "Down:%20bad", false),
        ])
    func bodyPatterns(options: String, text: String, succeeds: Bool) async throws {
        let server = try await WebServer()
        let seen = try await site.run("\(server.authority)/?text=\(text)", options)
        #expect(seen.succeeded == succeeds)
        #expect(seen.http.failedByPattern == !succeeds)
        if !succeeds { #expect(seen.reason == .answerUnexpected && seen.stage == .endpoint) }
    }

    @Test(
        "a header's patterns decide, and whether it may be missing",
        arguments: [
            ("fail_if_header_matches: [{ header: Content-Type, regexp: text/javascript }]", ["Content-Type:text/html"], true),
            ("fail_if_header_matches: [{ header: content-type, regexp: text/html }]", ["Content-Type:text/html"], false),
            ("fail_if_header_matches: [{ header: X, regexp: a }]", [], false),
            ("fail_if_header_matches: [{ header: X, regexp: a, allow_missing: true }]", [], true),
            ("fail_if_header_matches: [{ header: X, regexp: a }]", ["X:b", "X:a"], false),
            ("fail_if_header_matches: [{ header: X, regexp: '^$' }]", ["X:"], false),
            ("fail_if_header_not_matches: [{ header: X, regexp: a }]", ["X:b", "X:a"], true),
            ("fail_if_header_not_matches: [{ header: X, regexp: a }]", ["X:b"], false),
            ("fail_if_header_not_matches: [{ header: X, regexp: a }]", [], false),
            ("fail_if_header_not_matches: [{ header: X, regexp: a, allow_missing: true }]", [], true),
            ("fail_if_header_not_matches: [{ header: X, regexp: a }, { header: Y, regexp: b }]", ["X:a", "Y:c"], false),
        ] as [(String, [String], Bool)])
    func headerPatterns(options: String, headers: [String], succeeds: Bool) async throws {
        let server = try await WebServer()
        let seen = try await site.run("\(server.authority)/?" + headers.map { "header=" + $0 }.joined(separator: "&"), options)
        #expect(seen.succeeded == succeeds, "\(seen.sentence)")
        #expect(seen.http.failedByPattern == !succeeds)
    }

    @Test("a wrong status is told before any pattern, and no pattern is then to blame")
    func order() async throws {
        let server = try await WebServer()
        let seen = try await site.run("\(server.authority)/?status=500", "fail_if_body_matches_regexp: [hello]")
        #expect(seen.reason == .httpStatus && !seen.http.failedByPattern)
        let pattern = try await site.run(
            server.authority, "{ fail_if_body_matches_regexp: [hello], valid_http_versions: [HTTP/2.0], fail_if_not_ssl: true }")
        #expect(pattern.http.failedByPattern && pattern.sentence.contains("hello"))
    }

    @Test("an answer that ends early keeps its status, and fails")
    func cutOff() async throws {
        let server = try await WebServer()
        let seen = try await site.run("\(server.authority)/?missing=10")
        #expect(seen.reason == .httpMalformed && seen.stage == .endpoint)
        #expect(seen.http.status == 200 && seen.http.contentLength == 15 && seen.http.bodyLength == 5)
    }
}
