import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// What lies in the agent's way when it starts: it is told in a sentence, left as it is, and waited for by nobody.
@Suite struct StartTests {
    private let directory: TemporaryDirectory
    private var state: String { directory.path + "/state" }
    private var files: [String] { ["--config", directory.path + "/agent.yaml", "--probes", directory.path + "/probes"] }

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write("probes/a.yaml", "healthSet: Web\nname: Ports\nkind: tcp\ntargets: []\n")
        try FileManager.default.createDirectory(
            atPath: state, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try configure("")
    }

    private func configure(_ more: String) throws {
        try directory.write("agent.yaml", "organization: fabrikam.com\nlisten: 127.0.0.1:0\nstateDirectory: state\n" + more)
    }

    /// Whether an agent comes up: one that waits for a pipe never would.
    private func listens(_ program: Program) async -> Bool {
        await eventually(within: .seconds(60)) { program.errors.contains("listening") }
    }

    /// Starts an agent that is to come up, and ends it.
    private func expectStarts(_ said: String...) async throws {
        let program = try Program(AgentSite.executable, ["run"] + files)
        guard await listens(program) else {
            program.send(SIGKILL)
            return #expect(Bool(false), "it does not start: \(program.errors)")
        }
        for text in said { #expect(await program.said(text), "\(program.errors)") }
        program.send(SIGTERM)
        #expect(await program.ended().status == 0)
    }

    private func expectRefused(_ sentence: String, _ before: String = ":") async throws {
        let ended = try await Program.run("sh", ["-c", before + " && exec \"$@\"", "sh", AgentSite.executable, "run"] + files)
        #expect(ended.status == 2 && ended.errors == "error: " + sentence.replacing("DIR", with: directory.path), "\(ended.errors)")
    }

    private func mode(_ name: String) -> Int? {
        FileStatus(directory.path + "/" + name)?.permissions
    }

    @Test("a pipe in the place of the history hangs nothing")
    func pipe() async throws {
        for name in ["history.db", "first-seen.json"] { #expect(mkfifo(state + "/" + name, 0o600) == 0) }
        try await expectStarts("history.db is a named pipe, not a regular file", "first-seen.json: it is a named pipe")
        unlink(state + "/agent.lock")
        #expect(mkfifo(state + "/agent.lock", 0o600) == 0)
        try await expectRefused("DIR/state/agent.lock is not a regular file: remove it, or set 'stateDirectory' to another directory")
    }

    @Test("with too few descriptors the agent says so and ends with status 2, whatever it runs out of first")
    func descriptors() async throws {
        for limit in [8, 10, 12, 16, 23, 40, 47] {
            let run = try await Program.run("sh", ["-c", "ulimit -n \(limit) && exec \"$@\"", "sh", AgentSite.executable, "run"] + files)
            #expect(
                run.status == 2 && run.errors.hasPrefix("error: the limit of \(limit) open files is too low, "),
                "\(limit): \(run.status) \(run.errors)")
            let check = try await Program.run(
                "sh", ["-c", "ulimit -n \(limit) && exec \"$@\"", "sh", AgentSite.executable, "check"] + files)
            let sentence = "error: the limit of \(limit) open files is too low, at least 24 are required: raise it (ulimit -n, LimitNOFILE)"
            let isEnough = limit >= 24
            #expect(
                check.status == (isEnough ? 0 : 2) && check.errors == (isEnough ? "" : sentence),
                "\(limit): \(check.status) \(check.errors)")
        }
        let started = try Program("sh", ["-c", "ulimit -n 64 && exec \"$@\"", "sh", AgentSite.executable, "run"] + files)
        #expect(await listens(started), "\(started.errors)")
        started.send(SIGTERM)
        #expect(await started.ended().status == 0)
    }

    @Test("a state directory that others may write to, or that is another's, is refused, with what to do")
    func stateDirectory() async throws {
        for mode in [mode_t(0o770), 0o707] {
            chmod(state, mode)
            try await expectRefused(
                "the state directory DIR/state is writable by others (mode 0\(String(mode, radix: 8))): chmod go-w DIR/state, or set 'stateDirectory' to another directory"
            )
        }
        chmod(state, 0o700)
        guard geteuid() == 0 else { return }
        chown(state, 12345, 12345)
        try await expectRefused(
            "the state directory DIR/state is owned by another user (uid 12345): run as that user, or set 'stateDirectory' to another directory"
        )
    }

    @Test("a link in the place of the lock is not followed")
    func lockLink() async throws {
        let other = try directory.write("precious", "untouched")
        #expect(symlink(other, state + "/agent.lock") == 0)
        let ended = try await Program.run(AgentSite.executable, ["run"] + files)
        #expect(ended.status == 2 && ended.errors.contains("cannot write to the state directory"), "\(ended.errors)")
        #expect(try directory.text("precious") == "untouched")
    }

    @Test("what the agent makes is its owner's alone, whatever the umask")
    func modes() async throws {
        let program = try Program("sh", ["-c", "umask 0 && exec \"$@\"", "sh", AgentSite.executable, "run"] + files)
        #expect(await listens(program), "\(program.errors)")
        #expect(await eventually(within: .seconds(60)) { mode("state/control.sock") == 0o600 })
        for name in ["agent.lock", "history.db", "history.db-wal", "history.db-shm"] { #expect(mode("state/" + name) == 0o600, "\(name)") }
        program.send(SIGTERM)
        #expect(await program.ended().status == 0)
    }

    @Test("a control socket is made where nothing is or where nobody serves one any more; anything else is left alone")
    func controlSocket() async throws {
        let path = directory.path + "/control.sock"
        try configure("controlSocket: { path: control.sock }\n")
        try await expectStarts()
        try directory.write("control.sock", "precious")
        let remedy = "set 'controlSocket.path' to another path"
        try await expectRefused(
            "cannot create the control socket: DIR/control.sock exists and is not a socket; remove it, or \(remedy)")
        #expect(try directory.text("control.sock") == "precious")
        unlink(path)
        #expect(mkdir(path, 0o700) == 0)
        try await expectRefused(
            "cannot create the control socket: DIR/control.sock exists and is not a socket; remove it, or \(remedy)")
        rmdir(path)

        let first = try Program(AgentSite.executable, ["run"] + files)
        #expect(await listens(first), "\(first.errors)")
        try directory.write(
            "other.yaml", try directory.text("agent.yaml").replacing("stateDirectory: state", with: "stateDirectory: state2"))
        let second = try await Program.run(
            AgentSite.executable, ["run", "--config", directory.path + "/other.yaml", "--probes", directory.path + "/probes"])
        #expect(
            second.status == 2 && second.errors == "error: the control socket \(path) is in use by another agent: stop it, or \(remedy)")
        let asked = try await Program.run(AgentSite.executable, ["probes"] + files)
        #expect(asked.status == 0 && !asked.errors.contains("no agent is running"), "\(asked.errors)")
        first.send(SIGKILL)
        _ = await first.ended()
        #expect(FileManager.default.fileExists(atPath: path))
        try await expectStarts()
    }

    @Test("the lab's own directory is nobody else's, and 'lab fault' finds it")
    func labDirectory() async throws {
        let environment = ["XDG_RUNTIME_DIR": directory.path]
        chmod(directory.path, 0o700)
        let lab = try Program(AgentSite.executable, ["lab", "--servers", "1", "--listen", "127.0.0.1:0"], environment: environment)
        #expect(await eventually(within: .seconds(60)) { mode("agent-lab/lab.sock") != nil }, "\(lab.errors)")
        #expect(mode("agent-lab") == 0o700)
        let list = try await Program(AgentSite.executable, ["lab", "fault", "list"], environment: environment).ended()
        #expect(list.status == 0 && list.output.contains("metadata-refused"), "\(list.errors)")
        lab.send(SIGTERM)
        _ = await lab.ended()
        chmod(directory.path + "/agent-lab", 0o777)
        let refused = try await Program(AgentSite.executable, ["lab"], environment: environment).ended()
        #expect(refused.status == 2 && refused.errors.contains("is writable by others"), "\(refused.errors)")
        // A directory that others can look into is not taken for one's own.
        chmod(directory.path, 0o755)
        let home = environment.merging(["HOME": directory.path]) { $1 }
        let help = try await Program(AgentSite.executable, ["lab", "run", "--help"], environment: home).ended()
        // The name may be broken where the line ends.
        let shown = help.output.filter { !$0.isWhitespace }
        #expect(shown.contains(directory.path + "/.local/state/agent-lab"), "\(help.output)")
    }
}
