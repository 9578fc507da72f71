import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// What peers, commands and lists write, made to look like lines of the agent's own and like orders to a terminal.
@Suite struct ForgedTextTests {
    /// A websocket server whose reason to close is such a text.
    private static let server = """
        import base64, hashlib, signal, socket, sys
        signal.alarm(300)
        forged = sys.argv[1].encode()
        listener = socket.create_server(("127.0.0.1", 0))
        print("port", listener.getsockname()[1], "end", file=sys.stderr, flush=True)
        while True:
            peer, _ = listener.accept()
            request = b""
            while not request.endswith(b"\\r\\n\\r\\n"):
                more = peer.recv(4096)
                if not more: break
                request += more
            key = [line.split(b": ")[1] for line in request.split(b"\\r\\n") if line.lower().startswith(b"sec-websocket-key")]
            if key:
                proof = base64.b64encode(hashlib.sha1(key[0] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
                peer.sendall(b"HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: " + proof + b"\\r\\n\\r\\n")
                reason = b"\\x03\\xe8" + forged
                peer.sendall(bytes([0x88, len(reason)]) + reason)
            peer.close()
        """

    private static let line = "2026-01-01T00:00:00+0000 error agent: FORGED"
    private static let forged = "done\u{1b}[2J\u{9b}1m\u{202e}\u{2028}\r\n\(line)\u{7f}"

    @Test(
        "no text of others forges a line, moves the cursor or turns the reading direction round, wherever it is shown",
        arguments: ["text", "json"])
    func shown(format: String) async throws {
        let server = try Program(Program.python, ["-c", Self.server, Self.forged])
        #expect(await server.says("port"))
        let port = String(server.errors.split(whereSeparator: { $0 == " " || $0 == "\n" })[1])
        let directory = try TemporaryDirectory()
        let command = try directory.write("command", "#!\(Program.python)\nimport sys\nsys.stdout.write(\"\(Self.escaped)\")\n")
        chmod(command, 0o700)
        try directory.write(
            "agent.yaml",
            """
            stateDirectory: state
            listen: 127.0.0.1:0
            responders: [{ name: command, command: [\(command)] }]

            """)
        try directory.write("lists/a.json", "[{\"targets\": [\"ws://127.0.0.1:\(port)/\\u202e\\u009b\"]}]")
        try directory.write(
            "probes/sockets.yaml",
            """
            healthSet: Web
            name: Sockets
            kind: websocket
            every: 1s
            timeout: 900ms
            targets: ["ws://127.0.0.1:\(port)/"]
            targetsFrom: { files: [../lists/a.json], refresh: 1s }
            options: { query_response: [{ expect: hello }] }
            monitors: [{ name: SocketMonitor, when: { consecutiveFailures: 1 }, degradedFor: 100ms }]

            """)
        try directory.write(
            "modules.yml", "modules: { http_2xx: { prober: websocket, websocket: { query_response: [{ expect: hello }] } } }\n")
        let files = ["--config", directory.path + "/agent.yaml", "--probes", directory.path + "/probes"]
        let program = try Program(
            AgentSite.executable, ["run", "--log-format", format, "--modules", directory.path + "/modules.yml"] + files)
        guard await program.says("listening") else { throw AgentSite.NotStarted(errors: program.errors) }
        let daemon = Daemon(listening: program)
        #expect(try await eventually(within: .seconds(60)) { try await daemon.get("/api/v1/attempts").contains("FORGED") })

        var seen: [(place: String, text: String)] = []
        for debug in ["false", "true"] {
            seen.append(("debug=\(debug)", try await daemon.get("/probe?target=ws://127.0.0.1:\(port)/&debug=\(debug)")))
        }
        for path in ["/api/v1/results", "/api/v1/attempts", "/", "/logs?id=1", "/explain/\u{202e}%1b"] {
            seen.append((path, try await daemon.get(path)))
        }
        let commands: [[String]] = [
            ["health"], ["health", "--output", "json"], ["history"], ["history", "--sort", "attempt"], ["history", "--output", "json"],
            ["probes"], ["forecast"],
            ["invoke", "Sockets", "--all-servers"], ["invoke", "Sockets", "--all-servers", "--fields", "all"],
            ["invoke", "Sockets", "--all-servers", "--output", "json"], ["invoke", "Sockets", "--all-servers", "--output", "table"],
            ["invoke", "Sockets", "--all-servers", "--output", "nagios"], ["invoke", "Sockets\(Self.forged)"], ["explain", Self.forged],
            ["override", "add", Self.forged, "enabled", "false", "--for", "1h"],
        ]
        for command in commands {
            let ended = try await Program.run(AgentSite.executable, command + files)
            seen.append((command.joined(separator: " "), ended.output + ended.errors))
        }
        seen.append(("log", program.errors))
        #expect(seen.count { $0.text.contains("FORGED") } >= 9, "\(seen.filter { $0.text.contains("FORGED") }.map(\.place))")
        for (place, text) in seen {
            #expect(!text.split(whereSeparator: \.isNewline).contains { $0.hasPrefix(Self.line) }, "\(place): \(text)")
            let bad = text.unicodeScalars.first { scalar in
                scalar.value < 0x20 && scalar != "\n" || (0x7F...0x9F).contains(scalar.value)
                    || [0x2028, 0x202e].contains(scalar.value)
            }
            #expect(bad == nil, "\(place) holds \(bad?.value ?? 0)")
        }
    }

    /// As Python writes it.
    private static var escaped: String {
        forged.unicodeScalars.map {
            $0.value < 0x20 || $0.value > 0x7E
                ? "\\u" + String(repeating: "0", count: 4 - String($0.value, radix: 16).count) + String($0.value, radix: 16) : String($0)
        }
        .joined()
    }
}
