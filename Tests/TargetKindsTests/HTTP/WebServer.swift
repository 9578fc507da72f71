import FoundationEssentials
import Glibc
import TestSupport

/// A web server in Python on a free port of loopback, which does what the path says and tells of each request it sees.
final class WebServer: Sendable {
    struct Seen: Decodable, Sendable {
        var method: String
        var path: String
        /// Names in lower case.
        var headers: [String: String]
        var body: String
        /// The name asked for in the handshake; nil without TLS, empty where none was.
        var sni: String?
    }

    struct NotStarted: Error { var errors: String }

    let port: Int
    private let program: Program
    private let directory: TemporaryDirectory

    /// - Parameter certificate: files to serve TLS with; nil serves plain HTTP.
    init(_ certificate: TestCertificate? = nil, version: String = "HTTP/1.1") async throws {
        directory = try TemporaryDirectory()
        try directory.write("requests", "")
        program = try Program(
            Program.python,
            ["-c", Self.script, directory.path + "/requests", version] + (certificate.map { [$0.certificateFile, $0.keyFile] } ?? []))
        guard await program.says("port "), let text = program.errors.split(separator: " ").dropFirst().first, let port = Int(text) else {
            throw NotStarted(errors: program.errors)
        }
        self.port = port
    }

    deinit { program.send(SIGKILL) }

    /// A port where nobody listens any more.
    static func closedPort() async throws -> Int {
        let server = try await WebServer()
        server.program.send(SIGKILL)
        _ = await server.program.ended()
        return server.port
    }

    var authority: String { "127.0.0.1:\(port)" }

    /// All requests so far, in order. A request is told of before it is answered.
    var requests: [Seen] {
        let text = (try? directory.text("requests")) ?? ""
        return text.split(separator: "\n").compactMap { try? JSONDecoder().decode(Seen.self, from: Data($0.utf8)) }
    }

    private static let script = #"""
        import gzip, http.server, json, socket, ssl, sys, threading, urllib.parse, zlib
        names = {}
        log = open(sys.argv[1], "a")

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = sys.argv[2]

            def log_message(self, *words): pass

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                headers = {name.lower(): value for name, value in self.headers.items()}
                seen = {"method": self.command, "path": self.path, "headers": headers, "body": body.decode("latin-1")}
                if len(sys.argv) > 3: seen["sni"] = names.get(self.connection.fileno()) or ""
                print(json.dumps(seen), file=log, flush=True)
                asked = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query, keep_blank_values=True)
                one = lambda name, otherwise="": asked.get(name, [otherwise])[0]
                status = int(one("status", "200"))
                if one("needs") and self.headers.get(one("needs"), "") != one("value"): status = int(one("refusal", "403"))
                if one("needs-cookie") and one("needs-cookie") not in self.headers.get("Cookie", ""): status = 403
                content = one("text", "hello").encode() * int(one("times", "1"))
                encode = one("encode")
                if encode == "gzip": content = gzip.compress(content)
                if encode == "deflate": content = zlib.compress(content)
                # What the format's own tool makes of the five letters of hello.
                if encode == "br": content = bytes.fromhex("0b028068656c6c6f03")
                if encode == "damaged": content = b"this is no gzip"
                self.send_response(status)
                if encode: self.send_header("Content-Encoding", "gzip" if encode == "damaged" else encode)
                for header in asked.get("header", []): self.send_header(*header.split(":", 1))
                if one("to"): self.send_header("Location", self.path if one("to") == "SELF" else one("to"))
                if one("cookie"): self.send_header("Set-Cookie", one("cookie"))
                if one("length") == "unknown":
                    self.close_connection = True
                elif status not in (204, 304):
                    self.send_header("Content-Length", str(len(content) + int(one("missing", "0"))))
                self.end_headers()
                if self.command != "HEAD" and status not in (204, 304): self.wfile.write(content)
                if one("missing"): self.close_connection = True

            def do_CONNECT(self):
                # As a proxy: whatever host is named, it is on this machine.
                print(json.dumps({"method": "CONNECT", "path": self.path, "body": "",
                    "headers": {name.lower(): value for name, value in self.headers.items()}}), file=log, flush=True)
                onward = socket.create_connection(("127.0.0.1", int(self.path.rsplit(":", 1)[1])))
                self.send_response(200)
                self.end_headers()
                def relay(source, sink):
                    try:
                        while data := source.recv(65536): sink.sendall(data)
                        sink.shutdown(socket.SHUT_WR)
                    except OSError: pass
                back = threading.Thread(target=relay, args=(onward, self.connection))
                back.start()
                relay(self.connection, onward)
                back.join()
                self.close_connection = True

            do_GET = do_POST = do_PUT = do_HEAD = do_PROPFIND = answer

        class Server(http.server.ThreadingHTTPServer):
            def get_request(self):
                connection, peer = super().get_request()
                if len(sys.argv) > 3:
                    try: connection = context.wrap_socket(connection, server_side=True)
                    except OSError:
                        connection.close()
                        raise
                return connection, peer

            def handle_error(self, request, address): pass

        def note(connection, name, context): names[connection.fileno()] = name

        if len(sys.argv) > 3:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[3], sys.argv[4])
            context.sni_callback = note
        server = Server(("127.0.0.1", 0), Handler)
        print("port", server.server_address[1], "open", file=sys.stderr, flush=True)
        server.serve_forever()
        """#
}

/// A certificate of a test's own, self-signed, so that its file is the trust store too.
struct TestCertificate: Sendable {
    struct NotMade: Error { var errors: String }

    let certificateFile: String
    let keyFile: String
    private let directory: TemporaryDirectory

    /// - Parameter names: as `subjectAltName` writes them; empty leaves the common name alone.
    init(names: String = "IP:127.0.0.1,DNS:localhost,DNS:mail.fabrikam.com", key: String = "rsa:2048") async throws {
        directory = try TemporaryDirectory()
        certificateFile = directory.path + "/certificate.pem"
        keyFile = directory.path + "/key.pem"
        let extensions = names.isEmpty ? [] : ["-addext", "subjectAltName=\(names)"]
        let ended = try await Program.run(
            "openssl",
            ["req", "-x509", "-nodes", "-newkey", key, "-days", "2", "-subj", "/CN=localhost", "-keyout", keyFile, "-out", certificateFile]
                + extensions)
        guard ended.status == 0 else { throw NotMade(errors: ended.errors) }
    }
}
