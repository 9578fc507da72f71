import TestSupport
import Testing

/// Who may answer `healthcheck.htm` at a server's address.
@Suite struct ProtocolHealthTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// Of a response in Python: status, headers, body.
        var response: String
        var status: Int32
        var words: String
    }

    @Test(
        "only the server itself is healthy or not; any other answer leaves that open",
        arguments: [
            Row(testDescription: "itself", response: "200, {}, b'200 OK<br/>LOCALHOST'", status: 0, words: "healthy: owa"),
            Row(
                testDescription: "another server of the organization", response: "200, {}, b'200 OK<br/>MBX02.FABRIKAM.COM'", status: 2,
                words: "was answered by mbx02.fabrikam.com"),
            Row(
                testDescription: "a server that is not configured", response: "200, {}, b'200 OK<br/>MBX09.fabrikam.com'", status: 2,
                words: "was answered by mbx09.fabrikam.com"),
            Row(
                testDescription: "a page", response: "200, {}, b'<html>Welcome<br/>to the gateway</html>'", status: 2,
                words: "a page without the server's name"),
            Row(testDescription: "a login page", response: "302, {'Location': '/login'}, b''", status: 2, words: "a gateway answered"),
            Row(
                testDescription: "Exchange without sessions", response: "302, {'Location': '/owa/auth/errorFE.aspx?CafeError=x'}, b''",
                status: 1, words: "leads to errorFE.aspx"),
            Row(testDescription: "unhealthy", response: "503, {}, b''", status: 1, words: "returned status 503"),
        ])
    func row(row: Row) async throws {
        let directory = try TemporaryDirectory()
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let leaf = try await certificates.leaf("own", by: root)
        let server = try await PythonServer(
            """
            import http.server
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    status, headers, body = \(row.response)
                    self.send_response(status)
                    for name, value in headers.items(): self.send_header(name, value)
                    self.send_header("Content-Length", len(body))
                    self.end_headers()
                    self.wfile.write(body)
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*sys.argv[1:])
            server.socket = context.wrap_socket(server.socket, server_side=True)
            ready(server.server_port)
            server.serve_forever()
            """, [leaf.certificate, leaf.key])
        try directory.write(
            "agent.yaml",
            """
            stateDirectory: state
            tls: { caFile: \(root.certificate) }
            servers:
              - { name: localhost, address: '\(server.address)' }
              - { name: mbx02.fabrikam.com, address: '127.0.0.1:1' }

            """)
        try directory.write("probes/p.yaml", "healthSet: Exchange\nname: P\nkind: protocol-health\noptions: { protocols: [owa] }\n")
        let ended = try await Program.run(
            AgentSite.executable,
            [
                "invoke", "P", "--server", "localhost", "--local", "--output", "json", "--config", directory.path + "/agent.yaml",
                "--probes", directory.path + "/probes",
            ])
        #expect(ended.status == row.status && ended.output.contains(row.words), "\(ended)")
    }
}
