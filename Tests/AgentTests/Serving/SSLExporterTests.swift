import FoundationEssentials
import TestSupport
import Testing

/// The agent in the place of ssl_exporter: its module file, its parameters, its metric names.
@Suite struct SSLExporterTests {
    private static func server(_ leaf: TestCertificates.Identity) async throws -> PythonServer {
        try await PythonServer(
            """
            import http.server
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    body = open(sys.argv[1], "rb").read() if self.path == "/leaf.pem" else b"nothing"
                    self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
                def log_message(self, *arguments): pass
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1], sys.argv[2])
            httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
            ready(httpd.server_address[1])
            httpd.serve_forever()
            """, [leaf.certificate, leaf.key])
    }

    private static func series(_ page: String, _ prefix: String) -> [String] {
        page.split(separator: "\n").filter { $0.hasPrefix(prefix) }.map { String($0.prefix { $0 != "{" && $0 != " " }) }
    }

    @Test("its modules are run, the default one too, and write its series; files are read only where the module names them")
    func modules() async throws {
        let certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let leaf = try await certificates.leaf("leaf", by: root)
        let server = try await Self.server(leaf)
        defer { withExtendedLifetime(server) {} }
        let kubeconfig = try certificates.directory.write(
            "kubeconfig",
            "apiVersion: v1\nkind: Config\nusers:\n  - { name: admin, user: { client-certificate: leaf.pem, client-key: leaf.key } }\n")
        let modules = try certificates.directory.write(
            "ssl_exporter.yml",
            """
            default_module: https
            modules:
              https: { prober: https, timeout: 5s, tls_config: { ca_file: root.pem } }
              tcp: { prober: tcp, target: "\(server.address)", tls_config: { ca_file: root.pem } }
              distrusted: { prober: https }
              fetched: { prober: http_file, tls_config: { ca_file: root.pem } }
              keys: { prober: file, target: "\(certificates.path)/*.pem" }
              cluster: { prober: kubeconfig, target: "\(kubeconfig)" }

            """)
        let port = FreePort.one()
        let program = try Program(
            AgentSite.executable,
            ["run", "--modules", modules, "--listen", "127.0.0.1:\(port)"])
        guard await program.says("listening") else { throw AgentSite.NotStarted(errors: program.errors) }
        let daemon = Daemon(listening: program, on: certificates.directory)
        func probe(_ query: String) async throws -> String { try await daemon.get("/probe?" + query) }

        for query in ["target=https://\(server.address)/x", "module=tcp&target=192.0.2.1:1", "module=https&target=\(server.address)"] {
            let page = try await probe(query)
            #expect(page.contains("\nssl_probe_success 1\n") && page.contains("\nprobe_success 1\n"), "\(page)")
            #expect(
                Set(Self.series(page, "ssl_")) == [
                    "ssl_probe_success", "ssl_prober", "ssl_tls_version_info", "ssl_cert_not_after", "ssl_cert_not_before",
                    "ssl_verified_cert_not_after", "ssl_verified_cert_not_before", "ssl_ocsp_response_stapled",
                ], "\(page)")
        }
        let distrusted = try await probe("module=distrusted&target=\(server.address)")
        #expect(distrusted.contains("\nssl_probe_success 0\n") && distrusted.contains("\nssl_cert_not_after{"), "\(distrusted)")
        let fetched = try await probe("module=fetched&target=https://\(server.address)/leaf.pem")
        #expect(fetched.contains("\nssl_file_cert_not_after{file=\"https://\(server.address)/leaf.pem\""), "\(fetched)")
        let none = try await probe("module=fetched&target=https://\(server.address)/")
        #expect(none.contains("\nssl_probe_success 0\n") && none.contains("reason=\"certificate_missing\""), "\(none)")
        let files = try await probe("module=keys&target=/etc/passwd")
        #expect(files.contains("\nssl_file_cert_not_after{file=\"\(certificates.path)/leaf.pem\"") && !files.contains("passwd"), "\(files)")
        let cluster = try await probe("module=cluster")
        #expect(cluster.contains("\nssl_kubeconfig_cert_not_after{kubeconfig=\"\(kubeconfig)\",name=\"admin\",type=\"user\""), "\(cluster)")
        for module in ["file", "kubeconfig"] {
            let refused = try await probe("module=\(module)&target=\(leaf.certificate)")
            #expect(refused.contains("it must name them itself") && !refused.contains("leaf,"), "\(refused)")
        }
    }
}
