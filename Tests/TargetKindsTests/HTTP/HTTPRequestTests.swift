import Addresses
import FoundationEssentials
import Probing
import TestSupport
import Testing

@testable import TargetKinds

/// What is sent, to where, and what of it goes on to where a redirect leads.
@Suite struct HTTPRequestTests {
    private let site: HTTPSite

    init() throws { site = try HTTPSite() }

    @Test("a plain request says who it is from, and asks for no encoding")
    func plain() async throws {
        let server = try await WebServer()
        #expect(try await site.run(server.authority).succeeded)
        let request = try #require(server.requests.first)
        #expect(request.method == "GET" && request.path == "/" && request.body.isEmpty)
        #expect(request.headers["user-agent"] == "agent/test" && request.headers["host"] == server.authority)
        #expect(request.headers["accept-encoding"] == nil && request.headers["authorization"] == nil)
    }

    @Test(
        "a path and a query arrive as they are written; only what no URL may hold is escaped",
        arguments: [
            ("/api/%2F", "/api/%2F"), ("/?q=a%26b", "/?q=a%26b"), ("/50%25", "/50%25"), ("/%7euser/%c3%a9", "/%7euser/%c3%a9"),
            ("/a/../b/./c//d", "/a/../b/./c//d"), ("/?a=../b&c=%2e", "/?a=../b&c=%2e"), ("/a b?c d", "/a%20b?c+d"),
            ("/é?é", "/%c3%a9?%c3%a9"), ("", "/"), ("?q=1", "/?q=1"), ("/a#b", "/a"),
        ])
    func path(written: String, arrives: String) async throws {
        let server = try await WebServer()
        for scheme in ["", "http://"] {
            #expect(try await site.run(scheme + server.authority + written).succeeded)
            #expect(server.requests.last?.path == arrives)
        }
    }

    @Test("a login may hold an at sign, escaped or not", arguments: ["user:p%40ss@", "user:p@ss@"])
    func login(written: String) async throws {
        let server = try await WebServer()
        let seen = try await site.run("http://\(written)\(server.authority)/")
        #expect(seen.succeeded, "\(seen.sentence)")
        #expect(server.requests.last?.headers["authorization"] == "Basic dXNlcjpwQHNz")
    }

    @Test("an escape that is cut makes no URL", arguments: ["/%", "/%4", "/%zz", "/50%"])
    func cutEscape(path: String) async throws {
        let server = try await WebServer()
        let seen = try await site.run(server.authority + path)
        #expect(seen.reason == .targetInvalid && server.requests.isEmpty)
    }

    @Test(
        "method and body go as written",
        arguments: [
            ("method: POST", "POST", "", "0"), ("{ method: POST, body: 'a=1&b=2' }", "POST", "a=1&b=2", "7"),
            ("body: hello", "GET", "hello", "5"), ("{ method: PUT }", "PUT", "", "0"), ("method: PROPFIND", "PROPFIND", "", nil),
            ("method: HEAD", "HEAD", "", nil),
        ] as [(String, String, String, String?)])
    func method(options: String, method: String, body: String, length: String?) async throws {
        let server = try await WebServer()
        #expect(try await site.run(server.authority, options).succeeded)
        let request = try #require(server.requests.first)
        #expect(request.method == method && request.body == body && request.headers["content-length"] == length)
        #expect(request.headers["content-type"] == nil && request.headers["expect"] == nil)
    }

    @Test("a body's file is read at each run; a missing one lets the run judge nothing")
    func bodyFile() async throws {
        let (server, directory) = (try await WebServer(), try TemporaryDirectory())
        let options = "{ method: POST, body_file: \(directory.path)/body }"
        let missing = try await site.run(server.authority, options)
        #expect(missing.severity == .unknown && missing.reason == .configIncomplete && server.requests.isEmpty)
        for text in ["one", "two\n"] {
            try directory.write("body", text)
            #expect(try await site.run(server.authority, options).succeeded)
            #expect(server.requests.last?.body == text)
        }
    }

    @Test("headers go as written, and may replace our own")
    func headers() async throws {
        let (server, directory) = (try await WebServer(), try TemporaryDirectory())
        try directory.write("token", " from-file\n")
        let options = """
            headers: { Host: my-secret-vhost.com, Accept-Language: en-US, user-agent: mine, X-Empty: "" }
            http_headers:
              X-Values: { values: [one] }
              X-Secret: { secrets: [two] }
              X-File: { files: [\(directory.path)/token] }
            """
        #expect(try await site.run(server.authority, options).succeeded)
        let sent = try #require(server.requests.first).headers
        #expect(sent["host"] == "my-secret-vhost.com" && sent["accept-language"] == "en-US" && sent["user-agent"] == "mine")
        #expect(sent["x-values"] == "one" && sent["x-secret"] == "two" && sent["x-file"] == "from-file" && sent["x-empty"] == "")
    }

    @Test("headers that describe the body are not the module's, and some need a value")
    func ownHeaders() async throws {
        let server = try await WebServer()
        let options = "headers: { Content-Length: 99, Transfer-Encoding: gzip, Trailer: X, Host: '', User-Agent: '', Content-Type: '' }"
        #expect(try await site.run(server.authority, options).succeeded)
        let sent = try #require(server.requests.first).headers
        #expect(["content-length", "transfer-encoding", "trailer", "user-agent"].allSatisfy { sent[$0] == nil }, "\(sent)")
        #expect(sent["host"] == server.authority && sent["content-type"] == "", "\(sent)")
    }

    @Test(
        "each way to show a credential",
        arguments: [
            ("basic_auth: { username: user, password: pa:ss }", "Basic dXNlcjpwYTpzcw=="),
            ("basic_auth: { username: user }", "Basic dXNlcjo="),
            ("bearer_token: mysecret", "Bearer mysecret"), ("authorization: { credentials: mysecret }", "Bearer mysecret"),
            ("authorization: { type: Token, credentials: mysecret }", "Token mysecret"),
            // As in blackbox_exporter.
            ("{ headers: { Authorization: own }, bearer_token: new }", "own"),
            ("{ headers: { Authorization: '' }, bearer_token: new }", "Bearer new"),
            ("headers: { Authorization: 'Custom x' }", "Custom x"),
        ])
    func authorization(options: String, header: String) async throws {
        let server = try await WebServer()
        #expect(try await site.run(server.authority, options).succeeded)
        #expect(server.requests.first?.headers["authorization"] == header)
    }

    @Test(
        "a credential's file is read at each run; a missing one lets the run judge nothing, and nothing is sent",
        arguments: [
            ("basic_auth: { username: user, password_file: FILE }", "Basic dXNlcjpvbmU=", "Basic dXNlcjp0d28="),
            ("basic_auth: { username_file: FILE, password: x }", "Basic b25lOng=", "Basic dHdvOng="),
            ("bearer_token_file: FILE", "Bearer one", "Bearer two"),
            ("authorization: { credentials_file: FILE }", "Bearer one", "Bearer two"),
        ])
    func credentialFile(options: String, first: String, second: String) async throws {
        let (server, directory) = (try await WebServer(), try TemporaryDirectory())
        let options = options.replacing("FILE", with: directory.path + "/secret")
        let missing = try await site.run(server.authority, options)
        #expect(missing.severity == .unknown && missing.reason == .credentialUnreadable && server.requests.isEmpty)
        #expect(missing.sentence.contains(directory.path + "/secret"))
        try directory.write("secret", "one\n")
        #expect(try await site.run(server.authority, options).succeeded)
        try directory.write("secret", "two\n")
        #expect(try await site.run(server.authority, options).succeeded)
        #expect(server.requests.map { $0.headers["authorization"] } == [first, second])
        try directory.write("secret", "one\r\nX-Injected: yes")
        let smuggled = try await site.run(server.authority, options)
        if options.contains("basic") {
            #expect(server.requests.last?.headers["x-injected"] == nil)
        } else {
            #expect(smuggled.reason == .credentialUnreadable && server.requests.count == 2)
        }
    }

    // MARK: Redirects

    @Test("a redirect is followed, and what the last answer says counts; its own body does not")
    func redirectFollowed() async throws {
        let server = try await WebServer()
        let seen = try await site.run("\(server.authority)/?status=302&to=/noredirect&text=x&times=200000", "body_size_limit: 10B")
        #expect(seen.succeeded && seen.http.redirects == 1 && seen.http.status == 200 && seen.http.bodyLength == 5)
        #expect(server.requests.map(\.path).last == "/noredirect")
    }

    @Test(
        "a redirect that is not to be followed is the answer",
        arguments: ["follow_redirects: false", "no_follow_redirects: true"])
    func redirectNotFollowed(option: String) async throws {
        let server = try await WebServer()
        let url = "\(server.authority)/?status=302&to=/elsewhere&text=moved"
        let refused = try await site.run(url, option)
        #expect(refused.reason == .httpRedirect && refused.http.status == 302 && refused.http.redirects == 1)
        let accepted = try await site.run(url, "\(option)\nvalid_status_codes: [302]\nfail_if_body_not_matches_regexp: [moved]")
        #expect(accepted.succeeded && accepted.http.status == 302 && accepted.http.bodyLength == 5)
        #expect(server.requests.count == 2)
    }

    @Test("ten redirects are followed, the eleventh is not")
    func redirectLimit() async throws {
        let server = try await WebServer()
        let loop = "\(server.authority)/?status=302&to=SELF"
        let seen = try await site.run(loop)
        #expect(seen.reason == .httpRedirect && seen.http.redirects == 11 && seen.http.status == 302)
        #expect(server.requests.count == 11)
        #expect(try await site.run(loop, "valid_status_codes: [302]").succeeded)
    }

    @Test("a redirect that names no place, or none of HTTP, is an answer", arguments: ["", "to=ftp://127.0.0.1/", "to=http://[::1"])
    func redirectNowhere(place: String) async throws {
        let server = try await WebServer()
        let seen = try await site.run("\(server.authority)/?status=302&\(place)")
        #expect(seen.reason == .httpStatus && seen.http.status == 302 && seen.http.redirects == 0)
    }

    @Test(
        "POST becomes GET where browsers make it one, and stays else",
        arguments: [(301, "GET", ""), (302, "GET", ""), (303, "GET", ""), (307, "POST", "data"), (308, "POST", "data")])
    func redirectMethod(status: Int, method: String, body: String) async throws {
        let server = try await WebServer()
        #expect(try await site.run("\(server.authority)/?status=\(status)&to=/next", "{ method: POST, body: data }").succeeded)
        #expect(server.requests.last?.method == method && server.requests.last?.body == body)
    }

    @Test("a cookie set on the way is sent on")
    func cookies() async throws {
        let server = try await WebServer()
        let url = "\(server.authority)/?status=302&cookie=name%3Dvalue&to=/%3Fneeds-cookie%3Dname%3Dvalue"
        #expect(try await site.run(url).succeeded)
        #expect(server.requests.last?.headers["cookie"] == "name=value")
        #expect(try await site.run("\(server.authority)/?needs-cookie=name").http.status == 403, "no run sees another's cookies")
    }

    @Test(
        "credentials never go to another host, and do go to the same one",
        arguments: [
            ("basic_auth: { username: user, password: password }", "authorization"), ("bearer_token: mysecret", "authorization"),
            ("headers: { Authorization: mine }", "authorization"), ("headers: { Cookie: a=b }", "cookie"),
            ("http_headers: { X-Key: { secrets: [mysecret] } }", "x-key"),
        ])
    func redirectCredentials(options: String, header: String) async throws {
        let (first, second) = (try await WebServer(), try await WebServer())
        let all = options + "\npreferred_ip_protocol: ip4"
        let away = "http://127.0.0.1:\(first.port)/?status=302&to=http://localhost:\(second.port)/"
        #expect(try await site.run(away, all).succeeded)
        #expect(first.requests.first?.headers[header] != nil && second.requests.first != nil)
        #expect(second.requests.first?.headers[header] == nil)
        #expect(try await site.run("\(first.authority)/?status=302&to=/again", all).succeeded)
        #expect(first.requests.last?.headers[header] != nil)
    }

    @Test("the host of a redirect is asked of the policy before it is connected to")
    func redirectPolicy() async throws {
        let (first, second) = (try await WebServer(), try await WebServer())
        let policy = AddressPolicy(
            allowed: [], denied: [try #require(AddressRange("127.0.0.2/32"))], allowsLoopback: true)
        let target = Target("\(first.authority)/?status=302&to=http://127.0.0.2:\(second.port)/", policy: policy)
        let seen = try await site.run(target)
        #expect(seen.reason == .targetForbidden && seen.severity == .unknown && second.requests.isEmpty)
        let direct = try await site.run(Target("127.0.0.2:\(second.port)", policy: policy))
        #expect(direct.reason == .targetForbidden && direct.resolution?.address?.description == "127.0.0.2")
    }

    // MARK: Targets

    @Test(
        "a target without a scheme is of http, and what no URL may hold is escaped",
        arguments: [("AUTHORITY", "/"), ("AUTHORITY/a?b=c", "/a?b=c"), ("http://AUTHORITY/a b", "/a%20b"), ("HTTP://AUTHORITY", "/")])
    func scheme(target: String, path: String) async throws {
        let server = try await WebServer()
        #expect(try await site.run(target.replacing("AUTHORITY", with: server.authority)).succeeded)
        #expect(server.requests.first?.path == path)
    }

    @Test("a target that is no URL of HTTP is refused", arguments: ["ftp://127.0.0.1/", "http://", "127.0.0.1:99999", "http://[::1"])
    func invalidTarget(target: String) async throws {
        let seen = try await site.run(target)
        #expect(seen.reason == .targetInvalid && seen.severity == .unknown && seen.http == HTTPFacts())
    }

    @Test("a pinned address is connected to, under the target's own name")
    func pinned() async throws {
        let server = try await WebServer()
        let target = Target("http://mail.fabrikam.com:\(server.port)/?status=302&to=/next", address: NetworkAddress("127.0.0.1"))
        let seen = try await site.run(target)
        #expect(seen.succeeded && seen.resolution?.address?.description == "127.0.0.1")
        #expect(server.requests.map { $0.headers["host"] } == Array(repeating: "mail.fabrikam.com:\(server.port)", count: 2))
    }

    @Test("a name that does not resolve has the phase resolve alone, and zeros for an answer")
    func unresolved() async throws {
        let seen = try await site.run("http://" + String(repeating: "x", count: 64) + ".invalid/")
        #expect(seen.reason == .dnsFailed && seen.stage == .resolve)
        #expect(Set(seen.phases.keys) == [.resolve] && seen.http == HTTPFacts() && seen.resolution?.address == nil)
    }

    @Test("an address of the other family is none where fallback is off")
    func family() async throws {
        let server = try await WebServer()
        #expect(try await site.run(server.authority, "preferred_ip_protocol: ip6").succeeded)
        let seen = try await site.run(server.authority, "{ preferred_ip_protocol: ip6, ip_protocol_fallback: false }")
        #expect(seen.reason == .dnsFailed)
    }

    @Test("a refused connection has all phases, at zero but for resolve")
    func refused() async throws {
        let closed = try await WebServer.closedPort()
        let seen = try await site.run("127.0.0.1:\(closed)")
        #expect(seen.reason == .connectRefused && seen.stage == .connect && seen.http == HTTPFacts())
        #expect(Set(seen.phases.keys) == Set(Observation.HTTPPhase.allCases))
        #expect(seen.phases.filter { $0.key != .resolve }.values.allSatisfy { $0 == .zero })
    }

    @Test("a plain answer has no time of TLS, and some of connection and processing")
    func phases() async throws {
        let server = try await WebServer()
        let phases = try await site.run(server.authority).phases
        #expect(Set(phases.keys) == Set(Observation.HTTPPhase.allCases) && phases[.tls] == .zero)
        #expect(phases[.connect] ?? .zero > .zero && phases[.processing] ?? .zero > .zero)
    }
}
