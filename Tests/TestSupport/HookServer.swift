import Documents
import FoundationEssentials

/// An HTTP server that writes down what it is sent, and answers as the path says; ended with this value.
package final class HookServer: Sendable {
    package struct NotStarted: Error { package var errors: String }

    package struct Request: Decodable, Sendable {
        package var path: String
        package var authorization: String?
        package var type: String?
        package var body: String
    }

    private static let script = """
        import http.server, json, sys, time
        seen = {}
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                line = {"path": self.path, "authorization": self.headers.get("Authorization"), "type": self.headers.get("Content-Type"), "body": body}
                print("REQUEST " + json.dumps(line), file=sys.stderr, flush=True)
                seen[self.path] = seen.get(self.path, 0) + 1
                if self.path == "/silent":
                    time.sleep(60)
                status = {"/bad": 400, "/broken": 503, "/elsewhere": 302}.get(self.path, 200)
                if self.path == "/flaky" and seen[self.path] < 3:
                    status = 500
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/ok")
                text = b"" if status == 200 else b"no such thing"
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
            def log_message(self, *words): pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
        print("port", server.server_address[1], "end", file=sys.stderr, flush=True)
        server.serve_forever()
        """

    private let program: Program
    package let port: Int

    /// - Parameter prefix: a command that starts the program given to it, such as `nsenter` with its options.
    package init(port: Int = 0, through prefix: [String] = []) async throws {
        let command = prefix + [Program.python, "-c", Self.script, String(port)]
        program = try Program(command[0], Array(command.dropFirst()))
        let says = await program.says("port")
        let words = program.errors.split(whereSeparator: { $0 == " " || $0 == "\n" })
        guard says, let at = words.firstIndex(of: "port"), let port = Int(words[at + 1]) else {
            throw NotStarted(errors: program.errors)
        }
        self.port = port
    }

    deinit { program.send(9) }

    package func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    /// What it was sent at that path, in the order it came, once there are so many; fewer where they do not come within a minute.
    package func requests(_ path: String, awaiting count: Int) async -> [Request] {
        _ = await eventually(within: .seconds(60), every: .milliseconds(10)) { requests(path).count >= count }
        return requests(path)
    }

    /// What it was sent at that path until now.
    package func requests(_ path: String) -> [Request] {
        program.errors.split(separator: "\n").compactMap { line in
            guard line.hasPrefix("REQUEST ") else { return nil }
            return try? JSONText.decode(Request.self, from: Array(line.dropFirst(8).utf8))
        }.filter { $0.path == path }
    }
}
