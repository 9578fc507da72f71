import FoundationEssentials
import TestSupport
import Testing

/// What the help of the program shows, and that the commands agree on how they take the same thing.
@Suite struct HelpTests {
    /// What the program says of itself, for tools.
    private struct Described: Decodable {
        struct Name: Decodable {
            var kind: String
            var name: String
        }

        struct Argument: Decodable {
            var shouldDisplay: Bool
            var names: [Name]?
            var valueName: String?
            var abstract: String?

            var option: String? { names?.first { $0.kind == "long" }.map { "--" + $0.name } }
        }

        struct Command: Decodable {
            var commandName: String
            var shouldDisplay: Bool
            var arguments: [Argument]?
            var subcommands: [Command]?

            /// Those that do something, with the words that call them.
            func leaves(after words: [String] = []) -> [(words: [String], command: Command)] {
                let below = (subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" }
                guard !below.isEmpty else { return [(words, self)] }
                return below.flatMap { $0.leaves(after: words + [$0.commandName]) }
            }
        }

        var command: Command
    }

    private static func described() async throws -> Described.Command {
        let ended = try await Program.run(AgentSite.executable, ["--experimental-dump-help"])
        return try JSONDecoder().decode(Described.self, from: Data(ended.output.utf8)).command
    }

    /// The options of each command that are shown, by the words that call it.
    private static func options() async throws -> [String: [Described.Argument]] {
        var options: [String: [Described.Argument]] = [:]
        for (words, command) in try await described().leaves() {
            options[words.joined(separator: " ")] = (command.arguments ?? []).filter { $0.shouldDisplay && $0.option != nil }
        }
        return options
    }

    @Test("each command that is shown is in one group of the help, and no other is")
    func groups() async throws {
        let help = try await Program.run(AgentSite.executable, ["--help"]).output
        var grouped: [String: [String]] = [:]
        var group: String?
        for line in help.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasSuffix("SUBCOMMANDS:") {
                group = String(line)
            } else if line.isEmpty {
                group = nil
            } else if let group, line.hasPrefix("  "), !line.hasPrefix("   ") {
                grouped[group, default: []] += line.split(separator: " ").prefix(1).map(String.init)
            }
        }
        let shown = try await Self.described().subcommands?.filter { $0.shouldDisplay && $0.commandName != "help" }.map(\.commandName)
        #expect(grouped.values.flatMap(\.self).sorted() == shown?.sorted(), "\(help)")
        #expect(grouped["SUBCOMMANDS:"] == nil && grouped.count > 3, "\(help)")
    }

    @Test("what is for the daemon is shown by the commands that start one alone, and the others accept it still")
    func daemonOptions() async throws {
        let daemon: Set = ["--listen", "--log-level", "--log-format"]
        let shown = try await Self.options().filter { $0.value.contains { daemon.contains($0.option ?? "") } }
        #expect(shown.keys.sorted() == ["check", "demo", "init", "lab run", "run"])
        let site = try FileSite(["Files/Export"], servers: ["mbx01"])
        let agent = try await site.startAgent()
        let unused = ["--listen", ":1", "--log-level", "debug", "--log-format", "json"]
        let control = [["health"], ["history"], ["override", "list"], ["maintenance", "list"], ["reload"], ["restart"]]
        for command in control + [["probes"], ["forecast"], ["explain", "certificate_expired"]] {
            let ended = try await site.agent(command + unused)
            #expect(ended.status == 0, "\(command): \(ended)")
        }
        _ = agent
    }

    @Test("each option that takes a duration takes one with units, and names itself when it does not")
    func durations() async throws {
        let commands: [(option: String, words: [String])] = [
            ("--timeout", ["invoke", "Export"]), ("--wait", ["restart"]), ("--since", ["history"]), ("--until", ["forecast"]),
            ("--for", ["override", "add", "Export", "enabled", "false"]), ("--for", ["maintenance", "start", "--server", "mbx01"]),
            ("--timeout-offset", ["check"]), ("--config.auto-reload-interval", ["check"]),
        ]
        let missing = ["--config", "/nonexistent/agent.yaml"]
        for (option, words) in commands {
            let taken = try await Program.run(AgentSite.executable, words + [option, "1m30s"] + missing)
            #expect(taken.status == 2, "\(words) \(option): \(taken)")
            let refused = try await Program.run(AgentSite.executable, words + [option, "soon"] + missing)
            #expect(refused.status == 64 && refused.errors.contains(option), "\(words) \(option): \(refused)")
        }
        // What was a number of seconds still is one.
        for (option, words) in commands where ["--timeout", "--wait", "--timeout-offset"].contains(option) {
            #expect(try await Program.run(AgentSite.executable, words + [option, "1.5"] + missing).status == 2)
        }
        let known = Set(commands.map(\.option))
        let shown = Set(
            try await Self.options().values.flatMap { $0 }.filter { $0.valueName?.contains("duration") == true }.compactMap(\.option))
        #expect(shown == known)
    }

    @Test("a command that lists has --output with table and json")
    func outputs() async throws {
        let options = try await Self.options()
        let lists = ["invoke", "health", "probes", "history", "forecast", "override list", "maintenance list", "lab fault"]
        for list in lists {
            let output = try #require(options[list]?.first { $0.option == "--output" }, "\(list)")
            #expect(output.abstract?.contains("table") == true && output.abstract?.contains("json") == true, "\(list): \(output)")
        }
        // In these it is the file to write.
        let others = options.filter { $0.value.contains { $0.option == "--output" } }.keys.filter { !lists.contains($0) }
        #expect(others.sorted() == ["import", "init"])
    }
}
