import Addresses
import FoundationEssentials
import TestSupport
import Testing
import Transfers

/// What a request may hold, and what becomes of it on its way through redirects.
@Suite struct RequestTests {
    private static func request(_ url: String) -> ExchangeRequest {
        var request = ExchangeRequest(url: url, deadline: .seconds(10), trust: .system)
        request.redirects = .follow(maximum: 3)
        return request
    }

    @Test(
        "what would end a line early is never sent",
        arguments: [
            HeaderField("X", "a\r\nInjected: b"), HeaderField("X", "a\nb"), HeaderField("X\r\nY", "a"), HeaderField("X:", "a"),
            HeaderField("X y", "a"), HeaderField("", "a"), HeaderField("X", "a\u{0}b"), HeaderField("Ü", "a"),
        ])
    func smuggledHeader(field: HeaderField) async throws {
        let server = try await RequestLog()
        var request = Self.request("http://\(server.authority)/")
        request.headers = [field]
        #expect(await Transfers().exchange(request).failure?.kind == .invalidRequest)
        #expect(server.lines.isEmpty)
    }

    @Test("a method is one word", arguments: ["GET /other HTTP/1.1\r\nX: y\r\n\r\nGET", "A B", "", "A\nB"])
    func smuggledMethod(method: String) async throws {
        let server = try await RequestLog()
        var request = Self.request("http://\(server.authority)/")
        request.method = ExchangeRequest.Method(method)
        #expect(await Transfers().exchange(request).failure?.kind == .invalidRequest)
        #expect(server.lines.isEmpty)
    }

    @Test("an answer to HEAD that announces a body is whole without one")
    func head() async throws {
        let server = try await RequestLog()
        var request = Self.request("http://\(server.authority)/")
        request.method = .head
        request.body = Array("ignored".utf8)
        let report = await Transfers().exchange(request)
        #expect(report.failure == nil && report.response?.status == 200 && report.response?.values(of: "Content-Length") == ["5"])
    }

    @Test("secrets stay where they were sent to, a cookie and the rest go on")
    func crossHost() async throws {
        let (first, second) = (try await RequestLog(), try await RequestLog())
        var request = Self.request("http://\(first.authority)/302/http://localhost:\(second.port)/200")
        request.family = .only(.v4)
        request.keepsCookies = true
        var secret = HeaderField("X-Key", "key")
        secret.isSecret = true
        request.headers = [HeaderField("Authorization", "Bearer a"), HeaderField("Cookie", "b=c"), HeaderField("X-Plain", "d"), secret]
        let report = await Transfers().exchange(request)
        #expect(report.response?.status == 200 && report.redirects == 1)
        let sent = first.lines.joined() + " -- " + second.lines.joined()
        #expect(first.lines.joined().contains("Bearer a") && first.lines.joined().contains("X-Key: key"))
        #expect(second.lines.joined().contains("X-Plain: d"), "\(sent)")
        for word in ["Authorization", "Cookie", "X-Key"] { #expect(!second.lines.joined().contains(word), "\(sent)") }
    }

    @Test("cookies set on the way go on to the host that set them", arguments: [true, false])
    func cookies(keeps: Bool) async throws {
        let server = try await RequestLog()
        var request = Self.request("http://\(server.authority)/302/cookie/200")
        request.keepsCookies = keeps
        #expect(await Transfers().exchange(request).response?.status == 200)
        #expect(server.lines.last?.contains("Cookie: name=value") == keeps)
    }

    @Test(
        "a POST becomes a GET without its body, or stays what it is",
        arguments: [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
    func method(status: Int, method: String) async throws {
        let server = try await RequestLog()
        var request = Self.request("http://\(server.authority)/\(status)/200")
        request.method = .post
        request.body = Array("data".utf8)
        request.headers = [HeaderField("Content-Type", "text/plain")]
        #expect(await Transfers().exchange(request).response?.status == 200)
        let last = try #require(server.lines.last)
        #expect(last.hasPrefix(method + " /200 "))
        #expect(last.contains("data") == (method == "POST") && last.contains("text/plain") == (method == "POST"))
    }

    @Test("the policy is asked at every redirect, of the very address")
    func policy() async throws {
        let (first, second) = (try await RequestLog(), try await RequestLog())
        var request = Self.request("http://\(first.authority)/302/http://127.0.0.9:\(second.port)/200")
        let range = try #require(AddressRange("127.0.0.9"))
        request.policy = AddressPolicy(allowed: [], denied: [range], allowsLoopback: true)
        let report = await Transfers().exchange(request)
        #expect(report.failure?.kind == .forbidden && report.response == nil && second.lines.isEmpty)
        #expect(report.failure?.sentence.contains("probe.denyTargets") == true)
    }

    @Test("a pinned address is the first host's, whatever its port, and no other host's")
    func pin() async throws {
        let (first, second) = (try await RequestLog(), try await RequestLog())
        var request = Self.request("http://mail.fabrikam.com:\(first.port)/302/http://mail.fabrikam.com:\(second.port)/200")
        request.pin = NetworkAddress("127.0.0.1")
        #expect(await Transfers().exchange(request).response?.status == 200)
        #expect(second.lines.last?.contains("Host: mail.fabrikam.com:\(second.port)") == true)
        request.url = "http://mail.fabrikam.com:\(first.port)/302/http://\(String(repeating: "x", count: 64)).invalid/"
        #expect(await Transfers().exchange(request).failure?.kind == .nameNotResolved)
    }

    @Test("the body of an answer that sends us on counts for nothing, however long")
    func redirectBody() async throws {
        let server = try await RequestLog()
        var request = Self.request("http://\(server.authority)/302/endless/200")
        request.bounds.body = 10
        let report = await Transfers().exchange(request)
        #expect(report.failure == nil && report.response?.bodyLength == 5)
        request.redirects = .follow(maximum: 0)
        #expect(await Transfers().exchange(request).redirects == 1, "one was received, though its body was cut off")
    }

    @Test(
        "trust in a file whose second certificate is cut off is refused",
        arguments: ["half", "header", "garbage"])
    func truncatedTrust(damage: String) async throws {
        let directory = try TemporaryDirectory()
        let good = directory.path + "/good.pem"
        _ = try await Program.run(
            "openssl",
            [
                "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "2", "-subj", "/CN=a", "-keyout", directory.path + "/key", "-out",
                good,
            ])
        let text = try directory.text("good.pem")
        _ = try TrustStore(systemRoots: false, files: [good])
        let worse =
            switch damage {
            case "half": String(text.prefix(text.count / 2))
            case "header": "-----BEGIN CERTIFICATE-----\n"
            default: text.replacing("MII", with: "AAA")
            }
        let bad = try directory.write("bad.pem", text + worse)
        let error = #expect(throws: TrustStore.Unusable.self) { try TrustStore(systemRoots: false, files: [bad]) }
        #expect(error?.description.contains("certificate 2 in \(bad)") == true)
        _ = try TrustStore(systemRoots: false, files: [try directory.write("two.pem", text + text + "\nwords after it\n")])
    }
}

/// Tells of each request as one line, and answers with what the path says: `/302/NEXT` sends on to `/NEXT` or to a URL.
private final class RequestLog: Sendable {
    let port: String
    private let program: Program
    private let directory: TemporaryDirectory

    init() async throws {
        directory = try TemporaryDirectory()
        try directory.write("requests", "")
        program = try Program(
            Program.python,
            [
                "-c",
                """
                import http.server, sys
                log = open(sys.argv[1], "a")
                class Handler(http.server.BaseHTTPRequestHandler):
                    def log_message(self, *words): pass
                    def answer(self):
                        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                        line = self.requestline + " | " + " | ".join(f"{n}: {v}" for n, v in self.headers.items()) + " | " + body
                        print(line, file=log, flush=True)
                        status, _, rest = self.path[1:].partition("/")
                        status = int(status or 200)
                        self.send_response(status)
                        endless = rest.startswith("endless/")
                        if rest.startswith("cookie/"): self.send_header("Set-Cookie", "name=value; Path=/")
                        rest = rest.removeprefix("endless/").removeprefix("cookie/")
                        if status >= 300: self.send_header("Location", rest if rest.startswith("http") else "/" + rest)
                        if not endless: self.send_header("Content-Length", "5")
                        self.end_headers()
                        try:
                            while endless: self.wfile.write(b"x" * 10000)
                        except OSError: return
                        if self.command != "HEAD": self.wfile.write(b"hello")
                    do_GET = do_POST = do_HEAD = answer
                server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
                print("port", server.server_address[1], "open", file=sys.stderr, flush=True)
                server.serve_forever()
                """, directory.path + "/requests",
            ])
        _ = await program.says("port ")
        port = program.errors.split(separator: " ").dropFirst().first.map(String.init) ?? ""
    }

    deinit { program.send(9) }

    var authority: String { "127.0.0.1:\(port)" }
    var lines: [String] { ((try? directory.text("requests")) ?? "").split(separator: "\n").map(String.init) }
}
