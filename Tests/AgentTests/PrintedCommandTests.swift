import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// The commands that the program tells a new user to type do what they promise, in any folder and from any path.
@Suite struct PrintedCommandTests {
    /// The program under a path that a shell would tear apart.
    private static func program(in directory: TemporaryDirectory) throws -> String {
        try directory.write("it's here/README.md", "")
        let path = directory.path + "/it's here/agent"
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: AgentSite.executable)
        return path
    }

    /// Types it into a shell that stands elsewhere.
    private static func typed(_ command: String) async throws -> Program.Ended {
        try await Program.run("sh", ["-c", "cd / && " + command])
    }

    @Test("each command that the demo prints works as it is printed")
    func demo() async throws {
        let directory = try TemporaryDirectory()
        let demo = try Program(
            try Self.program(in: directory), ["demo", "--listen", "127.0.0.1:0", "--state-directory", directory.path + "/a lab"])
        #expect(await eventually(within: .seconds(90)) { demo.printed.contains("Press Ctrl-C to stop.") }, "\(demo.errors)")
        let commands = demo.printed.split(separator: "\n").drop { !$0.hasPrefix("Try") }.dropFirst().filter { $0.hasPrefix("  ") }
        #expect(commands.count == 6, "\(demo.printed)")
        for command in commands {
            let ended = try await Self.typed(String(command))
            // The probe is run while its fault is on.
            #expect(ended.status == (command.contains(" invoke ") ? 1 : 0), "\(command): \(ended)")
            #expect(!ended.output.isEmpty, "\(command): \(ended)")
        }
        demo.send(SIGINT)
        #expect(await demo.ended().status == 0)
    }

    @Test("each command that the lab, and a fault that needs a reload, prints works as it is printed")
    func lab() async throws {
        let directory = try TemporaryDirectory()
        let program = try Self.program(in: directory)
        let place = ["--state-directory", directory.path + "/a lab"]
        let lab = try Program(program, ["lab", "--listen", "127.0.0.1:0", "--servers", "1"] + place)
        defer { lab.send(SIGKILL) }
        #expect(await eventually(within: .seconds(60)) { lab.printed.contains("metadata-refused") }, "\(lab.errors)")
        let commands = lab.printed.split(separator: "\n").drop { !$0.hasPrefix("try: ") }.map { String($0.dropFirst(5)) }
        #expect(commands.count == 2, "\(lab.printed)")
        let fault = try await Program.run(program, ["lab", "fault", "on", "push-other-cloud"] + place)
        let reload = try #require(
            fault.errors.firstRange(of: "takes effect after: ").map { String(fault.errors[$0.upperBound...]) }, "\(fault)")
        let agent = try Program("sh", ["-c", "cd / && exec " + commands[0]])
        defer { agent.send(SIGKILL) }
        #expect(await agent.says("listening"), "\(agent.errors)")
        #expect(try await Self.typed(commands[1]).status == 0)
        #expect(try await Self.typed(reload).status == 0)
    }

    @Test("the command that init prints works as it is printed")
    func initialized() async throws {
        let directory = try TemporaryDirectory()
        let output = directory.path + "/an agent.yaml"
        let arguments = ["init", "--organization", "a.test", "--server", "127.0.0.1", "--output", output]
        let ended = try await Program.run(
            try Self.program(in: directory), arguments + ["--connect-to", "accounts.accesscontrol.windows.net:443=127.0.0.1:1"])
        let next = try #require(ended.errors.firstRange(of: "next: ").map { String(ended.errors[$0.upperBound...]) }, "\(ended)")
        let checked = try await Self.typed(next)
        #expect(checked.status == 0 && checked.errors.contains("warning"), "\(checked)")
    }
}
