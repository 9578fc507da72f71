import FoundationEssentials
import Glibc
import TestSupport

/// Hostile peers and an innocent server, processes of their own, in a directory for the agent's files.
final class HostilePeers: Sendable {
    struct NotStarted: Error { var errors: String }

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

    let directory: TemporaryDirectory
    /// Protocol and way, `tcp flood`, to address.
    let addresses: [String: String]
    /// `127.0.0.1:PORT` of a server that answers.
    let innocent: String
    /// What those under TLS show, for every name below fabrikam.com; a root of its own.
    let certificate: String
    private let programs: [Program]

    init() async throws {
        directory = try TemporaryDirectory()
        let (certificate, key) = (directory.path + "/cert.pem", directory.path + "/key.pem")
        self.certificate = certificate
        let made = try await Program.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=peer.test", "-addext",
                "subjectAltName=DNS:*.fabrikam.com", "-keyout", key, "-out", certificate,
            ])
        guard made.status == 0 else { throw NotStarted(errors: made.errors) }
        let script = "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/peers.py"
        let peers = try Program(Program.python, [script, certificate, key, directory.path])
        let innocent = try Program(Program.python, ["-c", Self.innocentServer])
        programs = [peers, innocent]
        guard await peers.says("PEERS "), await innocent.says("port ") else { throw NotStarted(errors: peers.errors + innocent.errors) }
        addresses = try JSONDecoder().decode([String: String].self, from: Data(peers.errors.dropFirst("PEERS ".count).utf8))
        self.innocent = "127.0.0.1:" + innocent.errors.split(separator: " ")[1]
    }

    deinit { for program in programs { program.send(SIGKILL) } }

    /// Starts an agent on `agent.yaml` and `probes` of the directory.
    func startAgent(_ more: [String] = []) async throws -> Daemon {
        let files = ["--config", directory.path + "/agent.yaml", "--probes", directory.path + "/probes"]
        let program = try Program(AgentSite.executable, ["run"] + files + more)
        guard await program.says("listening") else { throw NotStarted(errors: program.errors) }
        return Daemon(listening: program)
    }
}

extension Daemon {
    /// What the agent holds in memory, in MiB.
    var memory: Int {
        let status = (try? String(decoding: Data(contentsOf: URL(filePath: "/proc/\(program.pid)/status")), as: UTF8.self)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return (Int(line.filter(\.isNumber)) ?? 0) >> 10
    }
}
