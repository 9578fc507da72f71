import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// Probes of targets in the real agent, against real listeners.
@Suite struct TargetsTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write("agent.yaml", "stateDirectory: state\nlisten: 127.0.0.1:0\n")
    }

    private var files: [String] { ["--config", directory.path + "/agent.yaml", "--probes", directory.path + "/probes"] }

    private func define(_ lines: String) throws {
        try directory.write("probes/web.yaml", "healthSet: Web\nname: Ports\nkind: tcp\nevery: 1s\ntimeout: 500ms\n" + lines)
    }

    /// A listener that accepts, and its `127.0.0.1:PORT`.
    private static func listener() async throws -> (program: Program, target: String) {
        let script = """
            import signal, socket, sys
            signal.alarm(120)
            listener = socket.create_server(("127.0.0.1", 0))
            print("port", listener.getsockname()[1], "end", file=sys.stderr, flush=True)
            while True: listener.accept()[0].close()
            """
        let program = try Program(Program.python, ["-c", script])
        guard await program.says("port") else { return (program, "") }
        return (program, "127.0.0.1:" + (program.errors.split(separator: " ").dropFirst().first.map(String.init) ?? ""))
    }

    private func start() async throws -> Daemon {
        let program = try Program(AgentSite.executable, ["run"] + files)
        #expect(await program.says("listening"), "\(program.errors)")
        return Daemon(listening: program)
    }

    /// Replaces a list as careful writers do.
    private func list(_ name: String, _ text: String) throws {
        try directory.write(name + ".new", text)
        #expect(rename(directory.path + "/" + name + ".new", directory.path + "/" + name) == 0)
    }

    private static func group(_ targets: [String]) -> String {
        "[{\"targets\": [\(targets.map { "\"\($0)\"" }.joined(separator: ", "))], \"labels\": {\"site\": \"a\"}}]"
    }

    /// `health_probe_success` by target, or by address.
    private static func successes(_ metrics: String, by label: String = "target") -> [String: String] {
        let lines = metrics.split(separator: "\n").filter { $0.hasPrefix("health_probe_success{") }
        let pairs = lines.compactMap { line -> (String, String)? in
            guard let begin = line.firstRange(of: label + "=\"")?.upperBound, let value = line.split(separator: " ").last else {
                return nil
            }
            return (String(line[begin...].prefix { $0 != "\"" }), String(value))
        }
        return Dictionary(pairs) { $0 + "," + $1 }
    }

    @Test("a file of targets that changes: probes come and go, a broken list keeps them, and metric, page and log say so")
    func fileList() async throws {
        let (first, second) = (try await Self.listener(), try await Self.listener())
        try define("targets: [\"127.0.0.1:1\"]\ntargetsFrom: { files: [\"targets/*.json\"], refresh: 1s }\n")
        try directory.write("probes/targets/a.json", Self.group([first.target]))
        let agent = try await start()
        #expect(
            await
                (try eventually(within: .seconds(60)) {
                    Self.successes(try await agent.metrics()) == [first.target: "1", "127.0.0.1:1": "0"]
                }))
        let invoked = try await Program.run(AgentSite.executable, ["invoke", "Web/Ports/\(first.target)"] + files)
        #expect(invoked.status == 0 && invoked.output.hasPrefix("ResultType : Succeeded"), "\(invoked.output)\(invoked.errors)")
        try list("probes/targets/a.json", Self.group([second.target]))
        #expect(
            await
                (try eventually(within: .seconds(60)) {
                    Self.successes(try await agent.metrics()) == [second.target: "1", "127.0.0.1:1": "0"]
                }))
        #expect(try await !agent.metrics().contains(first.target))
        let probes = try await Program.run(AgentSite.executable, ["probes"] + files)
        #expect(probes.output.contains("Web\\Ports\\\(second.target)") && !probes.output.contains(first.target), "\(probes.output)")

        let healthy = "health_agent_target_list_successful{definition=\"Web\\\\Ports\",source=\"targets/*.json\"} "
        #expect(try await agent.metrics().contains(healthy + "1\n"))
        try list("probes/targets/a.json", "[{\"targets\": [")
        #expect(await (try eventually(within: .seconds(60)) { try await agent.metrics().contains(healthy + "0\n") }))
        #expect(await agent.program.says("target list problem"))
        #expect(try await agent.get("/").contains("targets/a.json:1:15: invalid JSON"))
        #expect(Self.successes(try await agent.metrics())[second.target] == "1")
        try list("probes/targets/a.json", Self.group([first.target, second.target]))
        #expect(await (try eventually(within: .seconds(60)) { Self.successes(try await agent.metrics())[first.target] == "1" }))
        #expect(await agent.program.says("target list is valid again"))
        let said = agent.program.errors.split(separator: "\n").filter { $0.contains("target list problem") }
        #expect(said.count == 1, "once, not at every look: \(said)")
    }

    @Test("what the commands print of one target they also take, and answer with")
    func copied() async throws {
        try define(
            "targets: [\"127.0.0.1:1\", \"127.0.0.1:2\"]\nmonitors: [{ name: PortsMonitor, when: { consecutiveFailures: 1 }, degradedFor: 0s }]\n"
        )
        let agent = try await start()
        func run(_ arguments: [String]) async throws -> Program.Ended { try await Program.run(AgentSite.executable, arguments + files) }
        let identity = "Web\\PortsMonitor\\127.0.0.1:2"
        #expect(await (try eventually(within: .seconds(60)) { try await run(["health"]).output.contains(identity + "  Unhealthy") }))
        let taken = try await run(["acknowledge", identity])
        #expect(taken.status == 0 && taken.output.hasPrefix(identity + " is Repairing (episode began "), "\(taken.output)\(taken.errors)")
        let overridden = try await run(["override", "add", identity, "enabled", "false", "--for", "1h"])
        #expect(overridden.status == 0 && overridden.output.hasPrefix(identity + ": enabled is false until "), "\(overridden.errors)")
        let health = try await run(["health", "--health-set", "web"]).output
        #expect(health.contains(identity + "  Disabled") && health.contains("127.0.0.1:1  Unhealthy"), "\(health)")
        let history = try await run(["history", identity, "--type", "decision"]).output
        #expect(history.contains("override added") && history.contains("acknowledged"), "\(history)")
        withExtendedLifetime(agent) {}
    }

    @Test("an http_sd is asked with Prometheus's headers; one that fails keeps its targets; a restart waits for what it brings")
    func httpList() async throws {
        let (open, other) = (try await Self.listener(), try await Self.listener())
        let script = """
            import http.server, signal, sys
            signal.alarm(120)
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    print("asked", self.headers["X-Prometheus-Refresh-Interval-Seconds"], self.headers["Accept"], file=sys.stderr, flush=True)
                    body = open(sys.argv[1], "rb").read()
                    self.send_response(200 if body else 503)
                    self.send_header("Content-Type", "application/json; charset=utf-8")
                    self.end_headers()
                    self.wfile.write(body)
                def log_message(self, *arguments): pass
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            print("port", server.server_address[1], "end", file=sys.stderr, flush=True)
            server.serve_forever()
            """
        try directory.write("list.json", Self.group([open.target]))
        let server = try Program(Program.python, ["-c", script, directory.path + "/list.json"])
        #expect(await server.says("port"))
        let port = server.errors.split(separator: " ").dropFirst().first.map(String.init) ?? ""
        try define("targetsFrom: { urls: [\"http://127.0.0.1:\(port)/sd\"], refresh: 1s }\n")

        let alone = try await Program.run(AgentSite.executable, ["probes", "--local"] + files)
        #expect(alone.output.contains("Web\\Ports\\\(open.target)"), "\(alone.output)\(alone.errors)")
        let invoked = try await Program.run(AgentSite.executable, ["invoke", "tcp", "--local"] + files)
        #expect(invoked.status == 0, "\(invoked.output)\(invoked.errors)")

        let agent = try await start()
        #expect(await (try eventually(within: .seconds(60)) { Self.successes(try await agent.metrics()) == [open.target: "1"] }))
        #expect(await server.says("asked 1.0 application/json"))
        try list("list.json", "")
        let healthy = "health_agent_target_list_successful{definition=\"Web\\\\Ports\",source=\"http://127.0.0.1:\(port)/sd\"} "
        #expect(await (try eventually(within: .seconds(60)) { try await agent.metrics().contains(healthy + "0\n") }))
        #expect(try await agent.get("/").contains("responded with status 503"))
        #expect(Self.successes(try await agent.metrics()) == [open.target: "1"])
        try list("list.json", Self.group([other.target]))
        let restarted = try await Program.run(AgentSite.executable, ["restart", "--wait", "30s"] + files)
        #expect(restarted.status == 0, "\(restarted.errors)")
        #expect(Self.successes(try await agent.metrics())[other.target] == "1")
    }

    @Test("each address of a name in the hosts file is a probe, and they follow the file")
    func everyAddress() async throws {
        try directory.write("hosts", "127.0.0.1 localhost\n127.0.0.2 two.test\n127.0.0.3 two.test\n")
        try directory.write("nsswitch.conf", "hosts: files\n")
        try define(
            "targets: [\"two.test:7001\", \"gone.test:7001\"]\ntargetsFrom: { files: [none.json], refresh: 1s }\neveryAddress: true\n")
        let script = """
            set -e
            ip link set lo up
            mount --bind \(directory.path)/hosts /etc/hosts
            mount --bind \(directory.path)/nsswitch.conf /etc/nsswitch.conf
            \(Program.python) -c 'import socket
            listener = socket.create_server(("127.0.0.2", 7001))
            while True: listener.accept()[0].close()' &
            \(AgentSite.executable) run \(files.joined(separator: " ")) 2> \(directory.path)/log &
            state() {
                curl -sS --unix-socket \(directory.path)/state/control.sock http://localhost/metrics | grep '^health_probe_success{' |
                    sed 's/.*target="\\([^"]*\\)",address="\\([^"]*\\)"} /\\1 \\2 /' | sort | tr '\\n' ';'
            }
            wait_for() {
                for n in $(seq 200); do
                    if [ "$(state 2>/dev/null)" = "$1" ]; then echo "$1"; return; fi
                    read -t 0.1 nothing <> \(directory.path)/fifo || true
                done
                echo "not $1 but $(state)"
            }
            mkfifo \(directory.path)/fifo
            wait_for "gone.test:7001  0;two.test:7001 127.0.0.2 1;two.test:7001 127.0.0.3 0;"
            printf '127.0.0.1 localhost\\n127.0.0.2 two.test\\n' > /etc/hosts
            wait_for "gone.test:7001  0;two.test:7001 127.0.0.2 1;"
            printf '127.0.0.1 localhost\\n127.0.0.2 gone.test\\n' > /etc/hosts
            wait_for "gone.test:7001 127.0.0.2 1;two.test:7001 127.0.0.2 1;"
            \(AgentSite.executable) invoke Web/Ports/two.test:7001 --output json \(files.joined(separator: " ")) | grep '"address"'
            """
        // What the script starts ends with it: it is the first process of a namespace.
        let ended = try await Program.run(
            "unshare", ["--net", "--mount", "--pid", "--fork", "--mount-proc", "--map-root-user", "bash", "-c", script])
        #expect(
            ended.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") } == [
                "gone.test:7001 0;two.test:7001 127.0.0.2 1;two.test:7001 127.0.0.3 0;", "gone.test:7001 0;two.test:7001 127.0.0.2 1;",
                "gone.test:7001 127.0.0.2 1;two.test:7001 127.0.0.2 1;", "\"address\" : \"127.0.0.2\",",
            ], "\(ended.output)\(ended.errors)\((try? directory.text("log")) ?? "")")
    }
}
