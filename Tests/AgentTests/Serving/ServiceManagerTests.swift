import Glibc
import TestSupport
import Testing

/// What systemd is told, by a socket in its place.
@Suite struct ServiceManagerTests {
    private static let manager = """
        import socket, sys
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listener.bind(sys.argv[1])
        print("bound", file=sys.stderr, flush=True)
        while True:
            print(listener.recv(4096).decode().replace("\\n", " "), file=sys.stderr, flush=True)
        """

    @Test("systemd is told when the agent is ready, reloads and stops, how it is, and that the schedule makes progress")
    func told() async throws {
        let directory = try TemporaryDirectory()
        let socket = directory.path + "/notify"
        let manager = try Program(Program.python, ["-c", Self.manager, socket])
        defer { manager.send(SIGKILL) }
        #expect(await manager.says("bound"))
        try directory.write("agent.yaml", "stateDirectory: state\nlisten: [127.0.0.1:0, 127.0.0.2:0]\n")
        try directory.write("probes/README.md", "")
        let agent = try Program(
            AgentSite.executable, ["run", "--config", directory.path + "/agent.yaml", "--probes", directory.path + "/probes"],
            environment: ["NOTIFY_SOCKET": socket, "WATCHDOG_USEC": "3000000"])
        #expect(await manager.says("READY=1"), "\(agent.errors)")
        #expect(await manager.says("STATUS=0 probes; nothing unhealthy WATCHDOG=1"))
        agent.send(SIGHUP)
        #expect(await manager.says("RELOADING=1 MONOTONIC_USEC="))
        #expect(await eventually(within: .seconds(60)) { manager.errors.split(separator: "\n").filter { $0 == "READY=1" }.count == 2 })
        agent.send(SIGTERM)
        #expect(await manager.says("STOPPING=1"))
        #expect(await agent.ended().status == 0)
        #expect(manager.errors.split(separator: "\n").last == "STOPPING=1", "\(manager.errors)")
    }
}
