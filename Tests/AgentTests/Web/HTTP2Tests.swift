import TestSupport
import Testing

/// HTTP/2 on the agent's own listener.
@Suite struct HTTP2Tests {
    @Test(
        "a client may choose HTTP/2 where there is TLS, unless the file says otherwise",
        arguments: [("", ["--http2"], "2"), ("", ["--http1.1"], "1.1"), ("http_server_config: { http2: false }\n", ["--http2"], "1.1")])
    func choice(more: String, options: [String], expected: String) async throws {
        let site = try await WebSite()
        try site.write(WebStartTests.tls + more)
        let daemon = try await site.start()
        #expect(try await site.curl(daemon, "/metrics", ["-w", "%{http_version}"] + options) == expected)
    }

    /// Asks for an event stream, then for two other things on the same connection, and prints the status and the end of each.
    private static let client = """
        import socket, ssl, struct, sys
        port, roots = int(sys.argv[1]), sys.argv[2]
        context = ssl.create_default_context(cafile=roots)
        context.set_alpn_protocols(["h2"])
        connection = context.wrap_socket(socket.create_connection(("127.0.0.1", port), 120), server_hostname="localhost")
        reader = connection.makefile("rb")
        def frame(kind, flags, stream, payload=b""):
            return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload
        def text(value):
            return bytes([len(value)]) + value
        def headers(stream, path):
            return frame(1, 5, stream, b"\\x82\\x87\\x04" + text(path) + b"\\x01" + text(b"localhost:%d" % port))
        connection.sendall(b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n" + frame(4, 0, 0) + headers(1, b"/api/v1/events")
                           + headers(3, b"/metrics") + headers(5, b"/nothing"))
        # Of HPACK's static table.
        names, seen, ended = {0x88: "200", 0x8d: "404"}, {}, set()
        while not ({3, 5} <= ended and 1 in seen):
            head = reader.read(9)
            length, kind, flags, stream = int.from_bytes(head[:3], "big"), head[3], head[4], int.from_bytes(head[5:], "big")
            payload = reader.read(length)
            if kind == 1:
                seen[stream] = names.get(payload[0], "other")
            if kind in (0, 1) and flags & 1:
                ended.add(stream)
        print(*(f"{stream} {seen[stream]} {'ended' if stream in ended else 'open'}" for stream in sorted(seen)), sep=", ")
        """

    @Test("requests of one connection are answered beside each other, an event stream among them")
    func streams() async throws {
        let site = try await WebSite()
        try site.write(WebStartTests.tls)
        let daemon = try await site.start()
        let port = String(daemon.address.split(separator: ":").last ?? "")
        let ended = try await Program.run(Program.python, ["-c", Self.client, port, site.certificates.path + "/root.pem"])
        #expect(ended.output == "1 200 open, 3 200 ended, 5 404 ended\n", "\(ended)")
    }
}
