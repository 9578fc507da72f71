import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// Secrets of modules, where the agent shows a module: `/config`, `/probe?debug=true`, `/logs` and the page of a run.
@Suite struct ModuleSecretTests {
    struct Planted: Sendable, CustomTestStringConvertible {
        var prober: String
        /// The options, in which each secret begins with `hunter`.
        var options: String
        /// What stays legible of them.
        var shown: [String]
        var testDescription: String { options }

        init(_ prober: String, _ options: String, _ shown: String...) {
            self.prober = prober
            self.options = options
            self.shown = shown
        }
    }

    static let planted = [
        Planted("http", "{ bearer_token: hunter1 }", "bearer_token: <secret>"),
        Planted("http", "{ basic_auth: { username: anne, password: hunter1 } }", "username: anne", "password: <secret>"),
        Planted(
            "http",
            "{ windows_auth: { scheme: ntlm, username: anne, password: hunter1 }, proxy_url: 'http://127.0.0.1:1', proxy_windows_auth: { scheme: ntlm, username: bob, password: hunter2 } }",
            "scheme: ntlm", "username: anne", "username: bob", "password: <secret>"),
        Planted("http", "{ authorization: { type: Token, credentials: hunter1 } }", "type: Token", "credentials: <secret>"),
        Planted(
            "http", "{ oauth2: { client_id: me, client_secret: hunter1, token_url: 'http://hunter2:hunter3@127.0.0.1:1/?hunter4' } }",
            "client_id: me", "client_secret: <secret>", "xxxxx@127.0.0.1:1/?xxxxx"),
        Planted(
            "http",
            "{ oauth2: { client_id: me, client_secret: hunter1, token_url: 'http://a.test/', endpoint_params: { audience: hunter2 } } }",
            "audience: <secret>"),
        Planted("http", "{ headers: { X-Key: hunter1, Cookie: 'a=hunter2' } }", "X-Key: <secret>", "Cookie: <secret>"),
        Planted("http", "{ http_headers: { X-Key: { values: [hunter1], secrets: [hunter2] } } }", "X-Key", "- <secret>"),
        Planted("http", "{ method: POST, body: 'password=hunter1' }", "method: POST", "body: <secret>"),
        Planted("http", "{ method: POST, body: !!binary 'aHVudGVyMQ==' }", "body: <secret>"),
        Planted(
            "http", "{ proxy_url: 'http://hunter1:hunter2@127.0.0.1:1/?hunter3', proxy_connect_header: { X-Key: [hunter4] } }",
            "http://xxxxx@127.0.0.1:1/?xxxxx", "X-Key"),
        Planted("tcp", "{ query_response: [{ send: 'PASS hunter1' }, { expect: OK }] }", "send: <secret>", "expect: OK"),
        Planted("unix", "{ query_response: [{ send: 'PASS hunter1' }] }", "send: <secret>"),
        Planted("websocket", "{ headers: { X-Key: hunter1 }, query_response: [{ send: hunter2 }] }", "X-Key: <secret>", "send: <secret>"),
        Planted("grpc", "{ service: mail, metadata: { x-key: [hunter1] } }", "service: mail", "x-key"),
    ]

    @Test("a secret of a module is shown nowhere as it is written, and what is none stays legible", arguments: planted)
    private
        func module(
            planted: Planted
        ) async throws
    {
        let site = try FileSite(["Files/Export"])
        try site.directory.write(
            "modules.yml", "modules:\n  one: { prober: \(planted.prober), timeout: 2s, \(planted.prober): \(planted.options) }\n")
        let daemon = try await site.startAgent(["--log-level", "trace", "--modules", site.directory.path + "/modules.yml"])
        let target = planted.prober == "http" ? "http://127.0.0.1:1/" : planted.prober == "websocket" ? "ws://127.0.0.1:1/" : "127.0.0.1:1"
        let places = [
            ("/config", try await daemon.get("/config")), ("debug", try await daemon.get("/probe?module=one&target=\(target)&debug=true")),
            ("/logs", try await daemon.get("/logs?id=1")),
            ("/runs", try await daemon.get("/runs/1").replacing("&lt;", with: "<").replacing("&gt;", with: ">")),
        ]
        for (place, text) in places {
            #expect(!text.contains("hunter") && !text.contains("aHVudGVy"), "\(place): \(text)")
            #expect(
                text.contains("one:") && text.contains("prober: \(planted.prober)") && text.contains("timeout: 2s"), "\(place): \(text)")
            // Quotation marks are YAML's matter.
            let plain = text.replacing("&#39;", with: "").replacing("&quot;", with: "").filter { !"\"'".contains($0) }
            for word in planted.shown { #expect(plain.contains(word), "\(place) lacks \(word): \(text)") }
        }
        for (place, text) in places[1...2] {
            #expect(text.hasPrefix("Run 1 of module one against ") && text.contains("Metrics:"), "\(place): \(text)")
        }
        #expect(!daemon.program.errors.contains("hunter"))
    }
}
