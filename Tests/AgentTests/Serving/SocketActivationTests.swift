import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// Sockets that are passed to the agent as systemd passes them, by a program in its place.
@Suite struct SocketActivationTests {
    /// Opens sockets, says where each of them is, and becomes the agent. Arguments: sockets as `NAME=KIND`, whose process they are for, the
    /// agent's program and its words.
    private static let launcher = """
        import fcntl, os, socket, sys
        kept = []
        def opened(kind):
            if kind == "file": return os.open("/dev/null", os.O_RDONLY)
            if kind == "nothing": return None
            at = ("127.0.0.1", 0)
            if kind.startswith("/"): (s, at) = (socket.socket(socket.AF_UNIX), kind)
            else: s = socket.socket(type=socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
            s.bind(at)
            if kind not in ("udp", "bound"): s.listen(16)
            name = s.getsockname()
            print("passed", name if kind.startswith("/") else name[1], file=sys.stderr, flush=True)
            kept.append(s)
            if kind != "connected": return s.fileno()
            kept.append(socket.create_connection(name))
            return kept[-1].fileno()

        sockets = [word.split("=") for word in sys.argv[1].split(",")]
        # Out of the way of the descriptors that they become.
        for index, source in enumerate([fd if (fd := opened(kind)) is None else fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for _, kind in sockets]):
            os.closerange(3 + index, 4 + index) if source is None else os.dup2(source, 3 + index)
        pid = os.getpid() if sys.argv[2] == "own" else os.getppid()
        passed = {"LISTEN_PID": str(pid), "LISTEN_FDS": str(len(sockets)), "LISTEN_FDNAMES": ":".join(name for name, _ in sockets)}
        os.execve(sys.argv[3], sys.argv[3:], os.environ | passed)
        """

    /// Starts an agent, whose own configuration names a free port, with sockets.
    private static func launch(
        _ sockets: String, for process: String = "own", _ words: [String] = [], in directory: TemporaryDirectory
    ) throws -> Program {
        try directory.write("probes/README.md", "")
        try directory.write("agent.yaml", "stateDirectory: state\nlisten: 127.0.0.1:0\n")
        let run = ["run", "--config", directory.path + "/agent.yaml", "--probes", directory.path + "/probes"]
        return try Program(Program.python, ["-c", launcher, sockets, process, AgentSite.executable] + run + words)
    }

    /// Where the sockets are that were passed to an agent, in their order: ports and paths.
    private static func places(_ program: Program) -> [String] {
        program.errors.split(separator: "\n").compactMap { $0.hasPrefix("passed ") ? String($0.dropFirst("passed ".count)) : nil }
    }

    @Test("an agent serves the sockets that are passed to it in place of its addresses, and does not delete what it has not made")
    func served() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/net.sock"
        let agent = try Self.launch("web=tcp,proxy=\(path)", ["--web.systemd-socket"], in: directory)
        #expect(await agent.says("address=unix:\(path) "))
        let port = try #require(Self.places(agent).first)
        #expect(await agent.says("address=127.0.0.1:\(port) "), "\(agent.errors)")
        #expect(agent.errors.split(separator: "\n").filter { $0.contains("listening") }.count == 2, "\(agent.errors)")
        let metrics = try await Program.run("curl", ["-sS", "http://127.0.0.1:\(port)/metrics"]).output
        #expect(metrics.contains("\nhealth_agent_connections 1\n"), "\(metrics)")
        _ = try MetricsText(metrics)
        let ready = ["-sS", "--unix-socket", path, "http://localhost/-/ready"]
        #expect(try await Program.run("curl", ready).output == "ready\n")
        for descriptor in [3, 4] {
            let facts = String(
                decoding: try Data(contentsOf: URL(filePath: "/proc/\(agent.pid)/fdinfo/\(descriptor)")), as: UTF8.self)
            // In octal: O_CLOEXEC.
            #expect(facts.contains("flags:\t02"), "\(facts)")
        }
        agent.send(SIGTERM)
        #expect(await agent.ended().status == 0)
        #expect(FileManager.default.fileExists(atPath: path))
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/state/control.sock"))
    }

    @Test("a socket that is passed to the agent has the TLS and the users of the web configuration")
    func web() async throws {
        let site = try await WebSite()
        try site.write(WebStartTests.tls + WebSite.users)
        let agent = try Self.launch("web=tcp", ["--web.config.file", site.directory.path + "/web.yml"], in: site.directory)
        #expect(await agent.says("listening"), "\(agent.errors)")
        let daemon = Daemon(listening: agent)
        #expect(daemon.address == "127.0.0.1:" + Self.places(agent).joined())
        #expect(try await site.curl(daemon, "/metrics", ["-u", "dave:dave123"]) == "200")
        #expect(try await site.curl(daemon, "/metrics", ["-u", "dave:dave123", "--http2"]) == "200")
        #expect(try await site.curl(daemon, "/metrics") == "401")
        #expect(try await site.curl(daemon, scheme: "http") == "400")
    }

    @Test(
        "a descriptor that is not a listening stream socket is refused by its number and its name",
        arguments: ["file", "udp", "bound", "connected", "nothing"])
    func refused(kind: String) async throws {
        let directory = try TemporaryDirectory()
        let ended = try await Self.launch("web=tcp,other=\(kind)", in: directory).ended()
        #expect(
            ended.status == 2
                && ended.errors.hasSuffix(
                    "error: the inherited file descriptor 4 'other' is not a listening stream socket: use ListenStream= with Accept=no in the socket unit"
                ), "\(ended)")
    }

    @Test("sockets that are meant for another process are not used")
    func others() async throws {
        let directory = try TemporaryDirectory()
        let agent = try Self.launch("web=tcp", for: "parent", in: directory)
        #expect(await agent.says("listening"), "\(agent.errors)")
        let daemon = Daemon(listening: agent)
        #expect(daemon.address != "127.0.0.1:" + Self.places(agent).joined())
        #expect(try await daemon.get("/-/ready") == "ready\n")
        let ended = try await Self.launch("web=tcp", for: "parent", ["--web.systemd-socket"], in: try TemporaryDirectory()).ended()
        #expect(ended.status == 2 && ended.errors.contains("error: the listening sockets were passed to process "), "\(ended)")
    }

    @Test("an agent that must have sockets does not start without them, under blackbox_exporter's command line either")
    func required() async throws {
        let directory = try TemporaryDirectory()
        let modules = try directory.write("blackbox.yml", "modules: { tcp: { prober: tcp } }\n")
        for words in [["--config.file", modules], ["run", "--modules", modules]] {
            let ended = try await Program.run(AgentSite.executable, words + ["--web.systemd-socket"])
            #expect(
                ended.status == 2
                    && ended.errors
                        == "error: no listening socket was passed to the agent: start it by its socket unit (systemctl enable --now agent.socket), or remove --web.systemd-socket",
                "\(ended)")
        }
    }

    /// Keeps a socket, and starts an agent for it again and again. A request is sent while none runs.
    private static let restarts = """
        import os, signal, socket, subprocess, sys
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        agent = 'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@" 3<&' + str(listener.fileno())
        answers = []
        for _ in range(5):
            clients = [socket.create_connection(listener.getsockname()) for _ in range(10)]
            for client in clients: client.sendall(b"GET /-/ready HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n")
            process = subprocess.Popen(["sh", "-c", agent, "sh"] + sys.argv[1:], pass_fds=[listener.fileno()])
            for client in clients:
                client.settimeout(60)
                answer = b""
                while data := client.recv(4096): answer += data
                answers.append(answer.endswith(b"ready\\n"))
            process.send_signal(signal.SIGTERM)
            answers.append(process.wait() == 0)
        print(answers.count(True), "of", len(answers))
        """

    @Test("who connects while the agent is restarted is answered by the next one")
    func restart() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("probes/README.md", "")
        try directory.write("agent.yaml", "stateDirectory: state\n")
        let ended = try await Program.run(
            Program.python,
            [
                "-c", Self.restarts, AgentSite.executable, "run", "--config", directory.path + "/agent.yaml", "--probes",
                directory.path + "/probes",
            ])
        #expect(ended.output == "55 of 55\n", "\(ended)")
    }
}
