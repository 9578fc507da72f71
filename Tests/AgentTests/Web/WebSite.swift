import FoundationEssentials
import TestSupport

/// An agent behind a web configuration, on a free port of loopback, and clients of it.
final class WebSite: Sendable {
    let directory: TemporaryDirectory
    /// By `openssl`, for `localhost`: `server` and two of clients, signed by `root`.
    let certificates: TestCertificates

    /// The password of `dave` is `dave123`, that of `carol` is `carol123`.
    static let users = """
        basic_auth_users:
          dave: $2y$04$PY5Sqt6XaldB2.JKzk2BFu/9oJV.envJLIJTtms/hRui68y3GwRtS
          carol: $2b$04$PY5Sqt6XaldB2.JKzk2BFueEhL1NGHqDcZ.iwrHCxjgLOgqw3yIwe

        """

    init() async throws {
        directory = try TemporaryDirectory()
        certificates = try TestCertificates()
        let root = try await certificates.root("root")
        let stranger = try await certificates.root("stranger")
        // The cipher suites of the rows are those of RSA.
        _ = try await certificates.issue("server", "subjectAltName = DNS:localhost, IP:127.0.0.1", algorithms: .rsa(2048), by: root)
        for (name, names, signer) in [
            ("client", "DNS:client.fabrikam.com, email:ops@fabrikam.com", root),
            ("foreign", "DNS:client.fabrikam.com", stranger),
        ] {
            _ = try await certificates.issue(name, "subjectAltName = \(names)", by: signer)
        }
        try directory.write("probes/README.md", "")
        try directory.write("modules.yml", "modules: { tcp: { prober: tcp } }\n")
        try directory.write("agent.yaml", "stateDirectory: state\nlisten: 127.0.0.1:0\n")
    }

    /// In a configuration, `CERTIFICATES` stands for the directory with them.
    func write(_ configuration: String) throws {
        try directory.write("web.yml", configuration.replacing("CERTIFICATES", with: certificates.path))
    }

    private var files: [String] {
        [
            "--config", directory.path + "/agent.yaml", "--probes", directory.path + "/probes", "--modules",
            directory.path + "/modules.yml",
            "--web.config.file", directory.path + "/web.yml",
        ]
    }

    func agent(_ command: String) async throws -> Program.Ended { try await Program.run(AgentSite.executable, [command] + files) }

    func start() async throws -> Daemon {
        let program = try Program(AgentSite.executable, ["run"] + files)
        guard await program.says("listening") else { throw AgentSite.NotStarted(errors: program.errors) }
        return Daemon(listening: program, on: self)
    }

    /// What curl prints of one request: the status, or the error.
    func curl(_ daemon: Daemon, _ path: String = "/-/ready", _ more: [String] = [], scheme: String = "https") async throws -> String {
        let port = daemon.address.split(separator: ":").last ?? ""
        let ended = try await Program.run(
            "curl",
            ["-sS", "--cacert", certificates.path + "/root.pem", "-o", "/dev/null", "-w", "%{http_code}"] + more
                + ["\(scheme)://localhost:\(port)\(path)"])
        return ended.status == 0 ? ended.output : "error \(ended.status) \(ended.errors)"
    }
}
