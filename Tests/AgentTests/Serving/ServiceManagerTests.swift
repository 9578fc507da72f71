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

    /// Its queue is full until SIGUSR1.
    private static let busy = """
        import signal, socket, sys
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listener.bind(sys.argv[1])
        sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sender.setblocking(False)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        try:
            while True:
                sender.sendto(b"full", sys.argv[1])
        except BlockingIOError:
            print("bound", file=sys.stderr, flush=True)
        signal.sigwait([signal.SIGUSR1])
        while True:
            print(listener.recv(4096).decode().replace("\\n", " "), file=sys.stderr, flush=True)
        """

    @Test("a systemd that is busy is told that the agent is ready, as soon as it can be")
    func busy() async throws {
        let directory = try TemporaryDirectory()
        let socket = directory.path + "/notify"
        let manager = try Program(Program.python, ["-c", Self.busy, socket])
        defer { manager.send(SIGKILL) }
        #expect(await manager.says("bound"))
        try directory.write("agent.yaml", "stateDirectory: state\nlisten: 127.0.0.1:0\n")
        try directory.write("probes/README.md", "")
        let agent = try Program(
            AgentSite.executable, ["run", "--config", directory.path + "/agent.yaml", "--probes", directory.path + "/probes"],
            environment: ["NOTIFY_SOCKET": socket, "WATCHDOG_USEC": "3000000"])
        // It serves once it has tried to say so.
        #expect(await agent.says("listening"))
        let daemon = Daemon(listening: agent)
        #expect(try await !daemon.get("/-/healthy").isEmpty)
        manager.send(SIGUSR1)
        #expect(await eventually(within: .seconds(60)) { manager.errors.contains("READY=1") }, "\(agent.errors)")
        agent.send(SIGTERM)
        #expect(await agent.ended().status == 0)
        withExtendedLifetime(daemon) {}
    }

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
