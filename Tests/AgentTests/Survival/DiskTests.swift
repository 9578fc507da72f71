import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// The state directory lies on a small file system of the test's own, in a mount namespace: root alone can make one, as in CI.
@Suite struct DiskTests {
    /// An agent whose state directory can be filled, spoilt and locked.
    private struct Disk {
        let site: AgentSite
        let daemon: Daemon
        /// The state directory as the agent sees it.
        let state: String
        /// The same, seen from outside its namespace.
        var outside: String { "/proc/\(daemon.program.pid)/root" + state }

        /// - Parameter before: what is done in the empty state directory before the agent starts.
        init(_ before: String = ":") async throws {
            site = try await AgentSite(every: "200ms", timeout: "200ms")
            state = site.directory.path + "/lab/agent"
            try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
            let start = "mount -t tmpfs -o size=2m,mode=0700 tmpfs \(state) && cd \(state) && \(before) && cd / && exec \"$@\""
            let program = try Program(
                "unshare", ["-m", "sh", "-c", start, "sh", AgentSite.executable, "run"] + site.files + ["--listen", "127.0.0.1:0"])
            guard await program.says("listening") else { throw AgentSite.NotStarted(errors: program.errors) }
            daemon = Daemon(listening: program)
        }

        /// A command of the agent's, where its control socket is.
        func agent(_ arguments: [String]) async throws -> Program.Ended {
            try await Program.run(AgentSite.executable, arguments + ["--agent", outside + "/control.sock"] + site.files)
        }

        func within(_ command: [String]) async throws -> Program.Ended {
            try await Program.run("nsenter", ["-m", "-t", String(daemon.program.pid)] + command)
        }

        func override(_ value: String) async throws -> Program.Ended {
            try await agent(["override", "add", "OAuth/CertificateKeySizeProbe", "retries", value, "--for", "1h"])
        }

        /// Whether runs go on while history does not.
        func expectRunsGoOn() async throws {
            let before = try await runs()
            #expect(try await eventually(within: .seconds(60)) { try await runs() > before + 10 })
        }

        private func runs() async throws -> Double {
            try await daemon.metrics().split(separator: "\n").filter { $0.hasPrefix("health_probe_runs_total") }
                .reduce(0) { $0 + (Double($1.split(separator: " ").last ?? "") ?? 0) }
        }

        func isWritable() async throws -> Bool { try await daemon.metrics().contains("\nhealth_agent_history_writable 1\n") }

        /// What everyone is told while history can't be written, and what goes on all the same.
        func expectFault(_ clause: String) async throws {
            #expect(try await eventually(within: .seconds(60)) { try await !isWritable() })
            try await expectRunsGoOn()
            #expect(await daemon.program.said(clause), "\(daemon.program.errors.suffix(2000))")
            #expect(try await daemon.get("/").contains(clause))
            let refused = try await override("2")
            #expect(
                refused.status == 2 && refused.errors.contains("can't be saved") && refused.errors.contains(clause), "\(refused.errors)")
            #expect(try await agent(["health"]).status == 0)
        }

        func expectHistory() async throws {
            // The next decision is tried at once, also within the time between two tries.
            let taken = try await override("3")
            #expect(taken.status == 0, "\(taken.errors)")
            #expect(try await isWritable())
            #expect(try await agent(["history", "--sort", "decision"]).output.contains("retries"))
            #expect(
                try await eventually(within: .seconds(60)) {
                    try await agent(["history", "--sort", "result", "--since", "10s"]).output.contains("Succeeded")
                })
        }
    }

    @Test("a full disk costs history alone; when space returns, so does history")
    func full() async throws {
        let disk = try await Disk()
        #expect(try await disk.override("1").status == 0)
        _ = try await Program.run("dd", ["if=/dev/zero", "of=\(disk.outside)/fill", "bs=4096"])
        try await disk.expectFault("is full")
        try FileManager.default.removeItem(atPath: disk.outside + "/fill")
        try await disk.expectHistory()
    }

    @Test("a database that can't be written costs history alone, until it can")
    func readOnly() async throws {
        let disk = try await Disk(": > history.db && mount --bind history.db history.db && mount -o remount,bind,ro history.db")
        try await disk.expectFault("history")
        #expect(try await disk.within(["umount", disk.state + "/history.db"]).status == 0)
        try await disk.expectHistory()
    }

    @Test("a database replaced by garbage is set aside, and what was decided stays in force through a kill")
    func garbage() async throws {
        let disk = try await Disk()
        #expect(try await disk.override("1").status == 0)
        try Data(repeating: UInt8(ascii: "x"), count: 100_000).write(to: URL(filePath: disk.outside + "/history.db"))
        #expect(
            try await eventually(within: .seconds(60)) {
                try FileManager.default.contentsOfDirectory(atPath: disk.outside).contains { $0.hasPrefix("history.db.broken-") }
            })
        try await disk.expectRunsGoOn()
        #expect(try await disk.agent(["override", "list"]).output.contains("retries"))
        try await disk.expectHistory()
    }
}
