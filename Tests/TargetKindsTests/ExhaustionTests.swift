import Addresses
import Glibc
import Probing
import TestSupport
import Testing
import Transfers

/// What becomes of a run when the agent itself lacks what it needs: that is never the target's fault.
@Suite(.serialized) struct ExhaustionTests {
    /// Lets the process open no further file while the body runs.
    private func withoutDescriptors<Result>(_ body: () async throws -> Result) async throws -> Result {
        var limit = rlimit()
        try #require(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        var none = limit
        // All below it are open, and a new one may only have a lower number.
        none.rlim_cur = 3
        try #require(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &none) == 0)
        defer { setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) }
        return try await body()
    }

    @Test(
        "without a file descriptor a run is rejected, whatever its kind",
        arguments: [
            ("http", "http://127.0.0.1:PORT/", [:]), ("http", "http://localhost:PORT/", [:]), ("tcp", "127.0.0.1:PORT", [:]),
            ("tcp", "localhost:PORT", [:]), ("dns", "127.0.0.1:PORT", ["query_name": "example.test"]),
            ("dns", "127.0.0.1:PORT", ["query_name": "example.test", "transport_protocol": "tcp"]), ("icmp", "127.0.0.1", [:]),
            ("grpc", "127.0.0.1:PORT", [:]), ("websocket", "ws://127.0.0.1:PORT/", [:]), ("unix", "/run/nobody-listens", [:]),
        ] as [(String, String, Written)])
    func descriptors(kind: String, target: String, options: Written) async throws {
        let server = try await PythonServer("listener = listen()\nwhile True: listener.accept()")
        let transfers = Transfers()
        let target = target.replacing("PORT", with: "\(server.port)")
        let run = try await withoutDescriptors { try await KindRun(kind, target, options, transfers: transfers) }
        #expect(run.result == .rejected && run.reason == .systemRefused, run.story)
        #expect(run.sentence.contains("file descriptor"), run.story)
    }

    @Test(
        "without a free local port a run is rejected, whatever its kind",
        .enabled(if: NetworkNamespace.isAllowed, "a network namespace needs root"),
        arguments: [
            ("http", "http://127.0.0.1:4000/"), ("tcp", "127.0.0.1:4000"), ("grpc", "127.0.0.1:4000"),
            ("websocket", "ws://127.0.0.1:4000/"),
        ])
    func ports(kind: String, target: String) async throws {
        let namespace = try await NetworkNamespace().withLoopback()
        try await namespace.write("40000 40000", to: "/proc/sys/net/ipv4/ip_local_port_range")
        let holder = try namespace.start(
            Program.python,
            [
                "-c",
                """
                import socket, sys, time
                listener = socket.create_server(("127.0.0.1", 4000))
                held = socket.create_connection(("127.0.0.1", 4000))
                print("holds", file=sys.stderr, flush=True)
                time.sleep(600)
                """,
            ])
        defer { holder.send(SIGKILL) }
        #expect(await holder.says("holds"))
        let run = try await namespace.run { try await KindRun(kind, target) }
        #expect(run.result == .rejected && run.reason == .systemRefused && run.stage == .connect, run.story)
        #expect(run.sentence.contains("local port"), run.story)
    }
}
