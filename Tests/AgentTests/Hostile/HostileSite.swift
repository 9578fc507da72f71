import FoundationEssentials
import Glibc
import TestSupport

/// An agent, hostile peers and an innocent server, each a process of its own.
final class HostileSite: Sendable {
    struct NotStarted: Error { var errors: String }

    /// What one question of the agent's came to.
    struct Answer: Sendable {
        var page: String
        var seconds: Double
        var success: Bool { page.contains("\nprobe_success 1\n") }

        /// The value of a series of the page without labels.
        func value(_ name: String) -> Double? {
            page.split(separator: "\n").first { $0.hasPrefix(name + " ") }.flatMap { Double($0.dropFirst(name.count + 1)) }
        }

        var reason: String? {
            guard let found = page.firstRange(of: "reason=\"") else { return nil }
            return String(page[found.upperBound...].prefix { $0 != "\"" })
        }
    }

    private static let modules = """
        modules:
          innocent: { prober: http, timeout: 10s }
          tcp: { prober: tcp, timeout: 2s, tcp: { query_response: [{ expect: "^never" }] } }
          tls: { prober: tcp, timeout: 2s, tcp: { tls: true, query_response: [{ expect: "^never" }], tls_config: { insecure_skip_verify: true } } }
          unix: { prober: unix, timeout: 2s, unix: { query_response: [{ expect: "^never" }] } }
          http: { prober: http, timeout: 2s }
          interim: { prober: http, timeout: 2s, http: { compression: gzip } }
          http2: { prober: http, timeout: 2s, http: { tls_config: { insecure_skip_verify: true } } }
          grpc: { prober: grpc, timeout: 2s }
          websocket: { prober: websocket, timeout: 2s, websocket: { query_response: [{ expect: "^never" }] } }
          smtp: { prober: tcp, timeout: 2s, tcp: { query_response: [{ expect: "^220 " }, { send: "EHLO me\\r" }, { expect: "^250 STARTTLS" }, { send: "STARTTLS\\r" }, { expect: "^220" }, { starttls: true }], tls_config: { insecure_skip_verify: true } } }
          dns_stream: { prober: dns, timeout: 2s, dns: { query_name: example.test, query_type: A, transport_protocol: tcp } }
          dns_datagrams: { prober: dns, timeout: 2s, dns: { query_name: example.test, query_type: A } }
        """

    private static let innocentServer = """
        import http.server, sys
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers(); self.wfile.write(b"ok")
            def log_message(self, *words): pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        print("port", server.server_address[1], "end", file=sys.stderr, flush=True)
        server.serve_forever()
        """

    let daemon: Daemon
    private let directory: TemporaryDirectory
    private let peers: Program
    private let innocent: Program
    private let addresses: [String: String]

    init() async throws {
        let directory = try TemporaryDirectory()
        self.directory = directory
        try directory.write("agent.yaml", "stateDirectory: state\nlisten: 127.0.0.1:0\n")
        try directory.write("probes/README.md", "")
        try directory.write("modules.yml", Self.modules)
        let made = try await Program.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=peer.test", "-keyout", "key.pem", "-out",
                "cert.pem",
            ]
            .map { $0.hasSuffix(".pem") ? directory.path + "/" + $0 : $0 })
        guard made.status == 0 else { throw NotStarted(errors: made.errors) }
        let script = "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/peers.py"
        peers = try Program(
            Program.python, [script, directory.path + "/cert.pem", directory.path + "/key.pem", directory.path])
        innocent = try Program(Program.python, ["-c", Self.innocentServer])
        guard await peers.says("PEERS "), await innocent.says("port ") else {
            throw NotStarted(errors: peers.errors + innocent.errors)
        }
        var addresses = try JSONDecoder().decode([String: String].self, from: Data(peers.errors.dropFirst("PEERS ".count).utf8))
        addresses["innocent"] = "127.0.0.1:" + innocent.errors.split(separator: " ")[1]
        self.addresses = addresses
        let program = try Program(
            AgentSite.executable,
            [
                "run", "--config", directory.path + "/agent.yaml", "--probes", directory.path + "/probes", "--modules",
                directory.path + "/modules.yml",
            ])
        guard await program.says("listening") else { throw NotStarted(errors: program.errors) }
        daemon = Daemon(listening: program)
    }

    deinit {
        peers.send(SIGKILL)
        innocent.send(SIGKILL)
    }

    /// The ways a protocol's peers misbehave in.
    func ways(of protocolName: String) -> [String] {
        addresses.keys.filter { $0.hasPrefix(protocolName + " ") }.map { String($0.dropFirst(protocolName.count + 1)) }.sorted()
    }

    func probe(_ protocolName: String, _ way: String) async throws -> Answer {
        let scheme = ["http2": "https://", "websocket": "ws://"][protocolName] ?? ""
        return try await ask("/probe?module=\(protocolName)&target=\(scheme)\(addresses["\(protocolName) \(way)"] ?? "")")
    }

    func probeInnocent() async throws -> Answer { try await ask("/probe?module=innocent&target=\(addresses["innocent"] ?? "")") }

    func metrics() async throws -> Answer { try await ask("/metrics") }

    private func ask(_ path: String) async throws -> Answer {
        let page = try await daemon.get(path, ["-w", "\nseconds %{time_total}"])
        let seconds = page.split(separator: "\n").last.flatMap { Double($0.dropFirst("seconds ".count)) } ?? .infinity
        return Answer(page: page, seconds: seconds)
    }

    /// What the agent holds in memory, in MiB.
    var memory: Int {
        let status = (try? String(decoding: Data(contentsOf: URL(filePath: "/proc/\(daemon.program.pid)/status")), as: UTF8.self)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return (Int(line.filter(\.isNumber)) ?? 0) >> 10
    }
}
