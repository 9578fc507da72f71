import FoundationEssentials
import Glibc
import TestSupport
import Testing
import Transfers

@testable import Documents
@testable import Escalation
@testable import Monitoring
@testable import Probing

/// Real commands, with all that can be wrong with them.
@Suite struct CommandTests {
    private static let transfers = Transfers()
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func act(
        _ command: [String], event: ResponderEvent = .test(), timeout: Duration = .seconds(30), time: any TimeSource = SystemTime()
    ) async -> (succeeded: Bool, detail: String) {
        var responder = Responder(name: "command", action: .command(command))
        responder.timeout = timeout
        let result = await ActionRunner(
            OutboundClient(Self.transfers, userAgent: "agent/test"), executable: AgentSite.executable, time: time
        ).act(
            responder, event: event)
        #expect(result.isUndone == result.detail.contains("cannot be run"), "what has run is not run again")
        return (result.succeeded, result.detail)
    }

    private func python(
        _ script: String, _ arguments: [String] = [], event: ResponderEvent = .test(), timeout: Duration = .seconds(30),
        time: any TimeSource = SystemTime()
    ) async -> (succeeded: Bool, detail: String) {
        await act([Program.python, "-c", script] + arguments, event: event, timeout: timeout, time: time)
    }

    /// Runs a script that writes process ids to a file, and moves time to its limit and beyond once so many stand there.
    private func overtime(
        _ script: String, pids count: Int, moving seconds: [Int]
    ) async throws -> (succeeded: Bool, detail: String, pids: [pid_t]) {
        let time = ManualTime()
        let file = directory.path + "/pids"
        async let acted = python(script, [file], timeout: .seconds(30), time: time)
        let begun = await eventually(within: .seconds(20), every: .milliseconds(20)) { pids(file).count >= count }
        #expect(begun)
        for seconds in seconds { time.advance(by: .seconds(seconds)) }
        let (succeeded, detail) = await acted
        return (succeeded, detail, pids(file))
    }

    private func pids(_ file: String) -> [pid_t] {
        guard let bytes = try? Data(contentsOf: URL(filePath: file)) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { pid_t($0) }
    }

    /// Ended, or a zombie that whoever adopted it has not buried yet.
    private func isGone(_ pid: pid_t) -> Bool {
        guard let status = try? String(decoding: Data(contentsOf: URL(filePath: "/proc/\(pid)/stat")), as: UTF8.self) else { return true }
        return status.split(separator: ")").last?.split(separator: " ").first == "Z"
    }

    private func areGone(_ pids: [pid_t]) async -> Bool {
        await eventually(within: .seconds(10), every: .milliseconds(20)) { pids.allSatisfy(isGone) }
    }

    private static let writePid = """
        import os, signal, sys, time
        def note():
            with open(sys.argv[1], "a") as file: file.write(str(os.getpid()) + "\\n")

        """

    @Test("exit status and output of both streams are told")
    func output() async throws {
        let (succeeded, detail) = await act(["sh", "-c", "echo out; echo err >&2"])
        #expect(succeeded && detail.hasPrefix("exit status 0\n") && detail.contains("out\n") && detail.contains("err\n"))
        #expect(await act(["sh", "-c", "echo wrong; exit 3"]) == (false, "exit status 3\nwrong\n"))
        #expect(await act(["true"]) == (true, "exit status 0"))
    }

    @Test("a login in a URL that it prints is kept nowhere, nor half of one where the output is cut")
    func logins() async throws {
        #expect(
            await act(["echo", "got https://agent:secret@hooks.fabrikam.com/a"]).detail.hasSuffix(
                "got https://xxxxx@hooks.fabrikam.com/a\n"))
        let padding = CommandRun.outputKept - 20
        let (_, detail) = await python("print('o' * \(padding - 1), 'https://agent:secret@hooks.fabrikam.com/a')")
        #expect(detail.contains("further bytes dropped") && detail.contains("oo") && !detail.contains("agent"))
    }

    @Test("fields are put into arguments, one argument each, seen by no shell and replaced once")
    func arguments() async throws {
        let event = ResponderEvent.test(sentence: "it's {server} $(touch \(directory.path)/shell) * \"x\"")
        let (succeeded, detail) = await act(
            [
                Program.python, "-c", "import json, sys; print(json.dumps(sys.argv[1:]))", "{server}:{monitor}", "{sentence}",
                "{nothing} {",
                "{target}", "{healthSet}{trigger}",
            ], event: event)
        let words = try JSONText.decode([String].self, from: Array((detail.split(separator: "\n").last ?? "").utf8))
        #expect(succeeded && words == [#"mbx01:Mail\Monitor"#, event.sentence, "{nothing} {", "", "Mailunhealthy"])
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/shell"))
    }

    @Test("it gets PATH and the event in its environment, the event on standard input, and nothing else of the agent's")
    func surroundings() async throws {
        setenv("AGENT_TEST_SECRET", "secret", 1)
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        let (succeeded, detail) = await python(
            """
            import json, os, signal, sys
            print(json.dumps({
                "environment": dict(os.environ), "event": json.load(sys.stdin),
                "descriptors": [n for n in range(200) if os.path.exists("/proc/self/fd/%d" % n)],
                "leads": [str(os.getsid(0) == os.getpid()), str(os.getpgid(0) == os.getpid())],
                "blocked": sorted(int(s) for s in signal.pthread_sigmask(signal.SIG_BLOCK, []))}))
            """)
        struct Seen: Decodable {
            var environment: [String: String]
            var event: ResponderEvent
            var descriptors: [Int]
            var leads: [String]
            var blocked: [Int]
        }
        #expect(succeeded, "\(detail)")
        let seen = try JSONText.decode(Seen.self, from: Array((detail.split(separator: "\n").last ?? "").utf8))
        #expect(seen.descriptors == [0, 1, 2])
        #expect(seen.leads == ["True", "True"] && seen.blocked.isEmpty)
        #expect(seen.event.monitor == #"Mail\Monitor"#)
        #expect(seen.environment["AGENT_HEALTH_SET"] == "Mail" && seen.environment["AGENT_BEGAN"] == "2027-01-15T08:00:00Z")
        #expect(seen.environment["AGENT_TEST_SECRET"] == nil && seen.environment["HOME"] == nil && seen.environment["PATH"] != nil)
    }

    @Test("no signal is blocked or ignored for it, though the agent ignores some")
    func signals() async {
        signal(SIGPIPE, SIG_IGN)
        let (_, detail) = await act(["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"])
        let masks = detail.split(whereSeparator: \.isWhitespace).compactMap { $0.count == 16 ? UInt64($0, radix: 16) : nil }
        // Signals 32 and 33 are the C library's own.
        #expect(masks.count == 2 && masks.allSatisfy { $0 & 0x7FFF_FFFF == 0 }, "\(detail)")
    }

    @Test("a command that is not there, or is no program, is told")
    func absent() async throws {
        let file = try directory.write("text", "no program")
        for command in [["/nonexistent/command"], ["no-such-command"], [file]] {
            let (succeeded, detail) = await act(command)
            #expect(!succeeded && detail.hasPrefix("\(command[0]) cannot be run: "), "\(detail)")
        }
    }

    @Test("one that does not read what it is told is not waited for")
    func deaf() async throws {
        #expect(await act(["sh", "-c", "exit 0"], event: .test(sentence: String(repeating: "x", count: 1 << 20))).succeeded)
    }

    @Test("one that hangs is asked to end at its limit")
    func hangs() async throws {
        let ended = try await overtime(Self.writePid + "note(); time.sleep(1000)", pids: 1, moving: [30])
        #expect(!ended.succeeded && ended.detail == "timed out after 30s: sent SIGTERM, terminated by signal 15")
        #expect(await areGone(ended.pids))
    }

    @Test("one that ignores that is killed five seconds later, with the children that ignore it too and hold its output open")
    func ignores() async throws {
        let ended = try await overtime(
            Self.writePid + """
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                for _ in range(3):
                    if os.fork() == 0: break
                note()
                while True: time.sleep(1000)
                """, pids: 4, moving: [30, 5])
        #expect(!ended.succeeded && ended.detail == "timed out after 30s: killed, terminated by signal 9", "\(ended.detail)")
        #expect(ended.pids.count == 4)
        #expect(await areGone(ended.pids))
    }

    @Test("one that ends at the limit by itself leaves no children behind that ignore it")
    func orphans() async throws {
        let ended = try await overtime(
            Self.writePid + """
                if os.fork() == 0: signal.signal(signal.SIGTERM, signal.SIG_IGN)
                note()
                while True: time.sleep(1000)
                """, pids: 2, moving: [30])
        #expect(ended.detail.hasPrefix("timed out after 30s: sent SIGTERM"))
        #expect(await areGone(ended.pids))
    }

    @Test("a flood on both streams is read to its end, and its beginning is kept")
    func flood() async throws {
        let (succeeded, detail) = await python(
            """
            import os
            for _ in range(2000):
                os.write(1, b"o" * 10000)
                os.write(2, b"e" * 10000)
            """)
        #expect(succeeded && detail.hasSuffix("\n[\(40_000_000 - 65536) further bytes dropped]"))
        #expect(detail.utf8.count < 65536 + 100)
    }

    @Test("a flood without end is over at the limit")
    func endlessFlood() async throws {
        let ended = try await overtime(
            Self.writePid + """
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                note()
                while True: os.write(1, b"o" * 65536)
                """, pids: 1, moving: [30, 5])
        #expect(ended.detail.hasPrefix("timed out after 30s: killed, terminated by signal 9\no"))
        #expect(await areGone(ended.pids))
    }

    @Test("children that hold the output open, and go on writing, hold nothing up and end with it")
    func children() async throws {
        let file = directory.path + "/pids"
        let (succeeded, detail) = await python(
            Self.writePid + """
                note()
                for loud in [False, True]:
                    if os.fork() == 0:
                        note()
                        while True: os.write(1, b"o" * 65536) if loud else time.sleep(1000)
                while len(open(sys.argv[1]).readlines()) < 3: time.sleep(0.01)
                """, [file])
        #expect(succeeded, "\(detail.prefix(100))")
        #expect(pids(file).count == 3)
        #expect(await areGone(pids(file)))
    }

    /// A child that leaves its parent, session, streams and environment behind, as daemons do, and has a child of its own.
    private static let escape = """
        def escape():
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    for descriptor in range(3): os.close(descriptor)
                    os.execve(sys.executable, [sys.executable, "-c", \"\"\"
        import os, signal, sys, time
        for name in ("SIGTERM", "SIGHUP", "SIGINT", "SIGUSR1"): signal.signal(getattr(signal, name), signal.SIG_IGN)
        if os.fork() == 0: os.setsid()
        with open(sys.argv[1], "a") as file: file.write(str(os.getpid()) + "\\\\n")
        time.sleep(1000)
        \"\"\", sys.argv[1]], {})
                os._exit(0)
            while not os.path.exists(sys.argv[1]) or len(open(sys.argv[1]).readlines()) < 2: time.sleep(0.01)

        """

    @Test("daemons that it has left behind, in sessions of their own, end with it")
    func daemons() async throws {
        let file = directory.path + "/pids"
        let (succeeded, detail) = await python(Self.writePid + Self.escape + "escape()", [file])
        #expect(succeeded && detail == "exit status 0", "\(detail)")
        #expect(pids(file).count == 2)
        #expect(pids(file).allSatisfy(isGone))
    }

    @Test("daemons that it has left behind end with it when it is killed at its limit, too")
    func daemonsAtLimit() async throws {
        let ended = try await overtime(
            Self.writePid + Self.escape + """
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                escape()
                note()
                time.sleep(1000)
                """, pids: 3, moving: [30, 5])
        #expect(ended.detail == "timed out after 30s: killed, terminated by signal 9", "\(ended.detail)")
        #expect(ended.pids.count == 3 && ended.pids.allSatisfy(isGone))
    }

    @Test("a child that has made itself a session of its own, and floods, does not hold it up")
    func escaped() async throws {
        let file = directory.path + "/pids"
        // Held up, it would be killed at its timeout, which is no success.
        let (succeeded, _) = await python(
            Self.writePid + """
                if os.fork() == 0:
                    os.setsid()
                    note()
                    while True: os.write(1, b"o" * 65536)
                while not os.path.exists(sys.argv[1]): time.sleep(0.01)
                """, [file], timeout: .seconds(60))
        #expect(succeeded)
        #expect(await areGone(pids(file)))
    }

    @Test("a command ends with the agent")
    func stopped() async throws {
        let file = directory.path + "/pids"
        let detail = await withTaskGroup(of: String.self) { group in
            group.addTask {
                await python(Self.writePid + "signal.signal(signal.SIGTERM, signal.SIG_IGN); note(); time.sleep(1000)", [file]).detail
            }
            #expect(await eventually(within: .seconds(20), every: .milliseconds(20)) { !pids(file).isEmpty })
            group.cancelAll()
            return await group.next() ?? ""
        }
        #expect(detail == "stopped because the agent is shutting down, terminated by signal 9", "\(detail)")
        #expect(await areGone(pids(file)))
    }

    @Test("many at once each get their own output")
    func many() async throws {
        let details = await withTaskGroup(of: (Int, String).self) { group in
            for number in 0..<40 { group.addTask { (number, await act(["sh", "-c", "cat > /dev/null; echo $0", String(number)]).detail) } }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect((0..<40).allSatisfy { details[$0] == "exit status 0\n\($0)\n" }, "\(details)")
    }
}
