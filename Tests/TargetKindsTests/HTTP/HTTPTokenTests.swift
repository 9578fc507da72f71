import FoundationEssentials
import Probing
import TestSupport
import Testing

@testable import TargetKinds

/// `oauth2`: tokens are fetched, kept, and fetched anew; what goes wrong with them is told apart.
@Suite struct HTTPTokenTests {
    private let site: HTTPSite
    private static let answer = "%7B%22access_token%22:%22TOKEN%22,%22expires_in%22:EXPIRES,%22token_type%22:%22bearer%22%7D"

    init() throws { site = try HTTPSite() }

    private func options(_ server: WebServer, _ query: String, secret: String = "client_secret: s3cret") -> String {
        "oauth2: { client_id: me, \(secret), scopes: [a, b], endpoint_params: { audience: 'x y' }, token_url: 'http://\(server.authority)/token?\(query)' }"
    }

    private func answer(_ token: String = "abc", expires: String = "3600") -> String {
        "text=" + Self.answer.replacing("TOKEN", with: token).replacing("EXPIRES", with: expires)
    }

    @Test("the token is asked for as the standard says, and shown to the target")
    func fetched() async throws {
        let server = try await WebServer()
        let seen = try await site.run("\(server.authority)/target", options(server, answer()))
        #expect(seen.succeeded, "\(seen.sentence)")
        #expect(seen.outcome.stages.map(\.stage) == [.resolve, .token, .connect, .endpoint])
        let (token, target) = (try #require(server.requests.first), try #require(server.requests.last))
        #expect(token.method == "POST" && token.body == "grant_type=client_credentials&scope=a+b&audience=x+y")
        #expect(token.headers["authorization"] == "Basic " + Data("me:s3cret".utf8).base64EncodedString())
        #expect(token.headers["content-type"] == "application/x-www-form-urlencoded")
        #expect(target.headers["authorization"] == "Bearer abc")
    }

    @Test("a token is kept until shortly before its end, and no longer than the caches are")
    func kept() async throws {
        let server = try await WebServer()
        let options = options(server, answer(expires: "%22600%22"))
        func tokens() -> Int { server.requests.count { $0.path.hasPrefix("/token") } }
        for _ in 0..<3 { #expect(try await site.run("\(server.authority)/target", options).succeeded) }
        #expect(tokens() == 1)
        site.time.advance(by: .seconds(539))
        _ = try await site.run("\(server.authority)/target", options)
        #expect(tokens() == 1)
        site.time.advance(by: .seconds(1))
        _ = try await site.run("\(server.authority)/target", options)
        #expect(tokens() == 2)
        await site.kind.clearCaches()
        _ = try await site.run("\(server.authority)/target", options)
        #expect(tokens() == 3)
    }

    @Test("another secret is another client; a rehearsal keeps nothing")
    func separate() async throws {
        let (server, directory) = (try await WebServer(), try TemporaryDirectory())
        let options = options(server, answer(), secret: "client_secret_file: \(directory.path)/secret")
        let missing = try await site.run(server.authority, options)
        #expect(missing.reason == .credentialUnreadable && missing.severity == .unknown && server.requests.isEmpty)
        func tokens() -> Int { server.requests.count { $0.path.hasPrefix("/token") } }
        try directory.write("secret", "one")
        _ = try await site.run(Target(server.authority), options, isRehearsal: true)
        _ = try await site.run(server.authority, options)
        #expect(tokens() == 2)
        try directory.write("secret", "two")
        _ = try await site.run(server.authority, options)
        _ = try await site.run(server.authority, options)
        #expect(tokens() == 3)
    }

    @Test("a token that the target does not accept is not shown again")
    func refusedByTarget() async throws {
        let server = try await WebServer()
        let options = options(server, answer())
        for _ in 0..<2 { #expect(try await site.run("\(server.authority)/?status=401", options).reason == .httpStatus) }
        #expect(server.requests.count { $0.path.hasPrefix("/token") } == 2)
    }

    @Test(
        "what goes wrong with a token is told as the stage token, and the target is not asked",
        arguments: [
            ("status=401&text=%7B%22error%22:%22invalid_client%22%7D", Reason.tokenRefused), ("status=400", .tokenRefused),
            ("status=403", .tokenRefused), ("status=503", .endpointUnavailable), ("status=429", .endpointThrottled),
            ("status=302&to=/", .httpRedirect), ("text=hello", .tokenMalformed), ("text=%7B%7D", .tokenMalformed),
            ("text=%7B%22access_token%22:%22%22%7D", .tokenMalformed), ("text=%7B%22access_token%22:%22a%5Cnb%22%7D", .tokenMalformed),
        ])
    func failures(query: String, reason: Reason) async throws {
        let server = try await WebServer()
        let seen = try await site.run("\(server.authority)/target", options(server, query))
        #expect(seen.stage == .token && seen.reason == reason, "\(seen.sentence)")
        #expect(seen.http == HTTPFacts() && !server.requests.contains { $0.path == "/target" })
        #expect(!"\(seen.outcome)".contains("s3cret"))
        if query.contains("invalid_client") { #expect(seen.outcome.decisive?.exception == "invalid_client") }
    }

    @Test("an endpoint that knows the client only in the body is asked so, after it has refused the header")
    func inBody() async throws {
        let server = try await WebServer()
        // The server refuses whoever brings an Authorization header: `needs` one that is empty.
        let seen = try await site.run("\(server.authority)/target", options(server, "needs=Authorization&value=&refusal=401&" + answer()))
        #expect(seen.succeeded, "\(seen.sentence)")
        #expect(server.requests.count == 3 && server.requests[1].body.hasSuffix("&client_id=me&client_secret=s3cret"))
    }

    @Test("an endpoint that cannot be reached is told by the network's reason")
    func unreachable() async throws {
        let server = try await WebServer()
        let port = try await WebServer.closedPort()
        let seen = try await site.run(
            server.authority, "oauth2: { client_id: me, client_secret: x, token_url: 'http://127.0.0.1:\(port)/' }")
        #expect(seen.stage == .token && seen.reason == .connectRefused && server.requests.isEmpty)
    }
}
