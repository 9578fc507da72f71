import Addresses
import Glibc
import Monitoring
import Probing
import TestSupport
import Testing
import Transfers

@testable import Escalation

/// What a webhook's receiver repeats of what it was sent, as the attempt records it.
@Suite struct EchoedSecretTests {
    /// Refuses every event with a body in which `{sent}` is the Authorization header, and `{token}` the part after its scheme.
    private static let script = """
        import http.server, sys
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                sent = self.headers.get("Authorization") or ""
                print("sent", sent, file=sys.stderr, flush=True)
                body = sys.argv[1].replace("{sent}", sent).replace("{token}", sent.split(" ")[-1]).encode()
                self.send_response(400)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def log_message(self, *words): pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        print("port", server.server_address[1], "end", file=sys.stderr, flush=True)
        server.serve_forever()
        """

    private static let long = String(repeating: "x", count: 490)

    @Test(
        "an authorization, a login and a query in the answer are masked, the rest of it is kept, in one line and not endlessly",
        arguments: [
            ("not allowed: {sent}", "not allowed: [masked]"), ("unknown token {token}!", "unknown token [masked]!"),
            ("{token}, {sent}", "[masked], [masked]"), ("first line\r\nwith {token}\nthird", "first linewith [masked]third"),
            ("see http://hunteruser:hunterword@wiki.test/page for help", "see http://xxxxx@wiki.test/page for help"),
            // The secret would be cut in two where the text is cut.
            (long + "{token}" + long, nil), (long + long, nil), ("", ""),
        ] as [(String, String?)])
    func masked(answer: String, expected: String?) async throws {
        let server = try Program(Program.python, ["-c", Self.script, answer])
        defer { server.send(SIGKILL) }
        #expect(await server.says("port"), "\(server.errors)")
        let port = server.errors.split(whereSeparator: \.isWhitespace).dropFirst().first.map(String.init) ?? ""
        let directory = try TemporaryDirectory()
        let file = try directory.write("token", "Bearer hunter2-secret\n")
        var responder = Responder(name: "hook", action: .webhook(url: EndpointURL("http://127.0.0.1:\(port)/"), authorizationFile: file))
        responder.timeout = .seconds(20)
        let runner = ActionRunner(OutboundClient(Transfers(), userAgent: "agent/test"), time: SystemTime())
        let result = await runner.act(responder, event: .test())
        #expect(await server.says("sent Bearer hunter2-secret"), "\(server.errors)")
        #expect(!result.succeeded && !result.detail.contains("hunter"), "\(result.detail)")
        #expect(!result.detail.contains("secret") && !result.detail.contains { $0.isNewline }, "\(result.detail)")
        #expect(result.detail.utf8.count < 600)
        let beginning = "answered with status 400"
        if let expected { #expect(result.detail == beginning + (expected.isEmpty ? "" : ": " + expected)) }
    }
}
