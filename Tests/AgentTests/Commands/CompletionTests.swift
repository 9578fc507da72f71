import FoundationEssentials
import TestSupport
import Testing

/// What a shell is offered for the words of a command line.
@Suite struct CompletionTests {
    private static let targets = ["https://a.test:1/owa", "https://b.test:1/owa"]

    /// An agent with a probe on two servers, and one of two targets.
    private static func site() throws -> FileSite {
        let site = try FileSite(["Files/Export"], servers: ["mbx01", "mbx02"])
        try site.directory.write(
            "probes/front.yaml",
            """
            healthSet: Web
            name: FrontDoor
            kind: http
            every: 1h
            timeout: 1s
            targets: ["\(targets.joined(separator: "\", \""))"]
            monitors: [{ name: FrontDoorMonitor, when: { consecutiveFailures: 3 } }]

            """)
        return site
    }

    /// Asks as a completion script does, with the cursor after `word`.
    private static func offered(
        _ argument: String, of command: [String], _ word: String = "", _ files: [String], shell: String = "bash"
    ) async throws -> Program.Ended {
        let words = ["agent"] + command + files + [word]
        return try await Program.run(
            AgentSite.executable,
            ["---completion"] + command + ["--", argument, "\(words.count - 1)", "\(word.count)"] + words,
            environment: ["SAP_SHELL": shell])
    }

    private static func names(_ ended: Program.Ended) -> [String] { ended.output.split(separator: "\n").map(String.init) }

    @Test("names of the running agent are offered: probes, monitors, servers, health sets, and overridden items")
    func names() async throws {
        let site = try Self.site()
        let daemon = try await site.startAgent()
        func names(_ argument: String, _ command: String..., word: String = "") async throws -> [String] {
            Self.names(try await Self.offered(argument, of: command, word, site.files))
        }
        #expect(try await names("positional@0", "invoke") == ["Files/Export", "Web/FrontDoor"])
        #expect(try await names("positional@0", "acknowledge") == ["Files/ExportMonitor", "Web/FrontDoorMonitor"])
        #expect(try await names("--server", "invoke") == ["mbx01", "mbx02"])
        #expect(try await names("--server", "maintenance", "start") == ["mbx01", "mbx02", "*"])
        #expect(try await names("--component", "maintenance", "start") == ["Files", "Web"])
        #expect(try await names("positional@0", "override", "remove").isEmpty)
        #expect(try await site.agent(["override", "add", "Web/FrontDoor", "enabled", "false", "--for", "1h"]).status == 0)
        #expect(try await names("positional@0", "override", "remove") == ["Web/FrontDoor"])
        _ = daemon
    }

    @Test("a probe's targets are offered after its name and a slash, whatever its case, and names alone once they have begun")
    func targets() async throws {
        let site = try Self.site()
        let daemon = try await site.startAgent()
        let targets = try await Self.offered("positional@0", of: ["invoke"], "web/FRONTdoor/", site.files)
        #expect(Self.names(targets) == Self.targets.map { "Web/FrontDoor/" + $0 })
        let escaped = try await Self.offered("positional@0", of: ["invoke"], "Web/FrontDoor/", site.files, shell: "zsh")
        #expect(Self.names(escaped).dropLast() == Self.targets.map { "Web/FrontDoor/" + $0.replacing(":", with: "\\:") })
        let begun = try await Self.offered("positional@0", of: ["invoke"], "Fro", site.files)
        #expect(Self.names(begun) == ["Files/Export", "Web/FrontDoor", "Export", "FrontDoor"])
        _ = daemon
    }

    @Test(
        "without an agent nothing is offered and nothing is printed, but reasons and kinds are known",
        arguments: ["agent.yaml", "missing.yaml"])
    func silent(file: String) async throws {
        let site = try Self.site()
        let files = ["--config", site.directory.path + "/" + file]
        for (command, argument) in [("invoke", "positional@0"), ("acknowledge", "positional@0"), ("health", "--server")] {
            let ended = try await Self.offered(argument, of: [command], "", files)
            #expect(ended.status == 0 && Self.names(ended).isEmpty && ended.errors.isEmpty, "\(ended)")
        }
        let explained = try await Self.offered("positional@0", of: ["explain"], "", files)
        #expect(Self.names(explained).contains("certificate_expired") && Self.names(explained).contains("cert-expiry"))
        #expect(explained.errors.isEmpty, "\(explained.errors)")
    }

    @Test("bash completes a command line by the script that the program prints: subcommands, faults and a running agent's probes")
    func bash() async throws {
        let site = try Self.site()
        let daemon = try await site.startAgent()
        let script = try await Program.run(AgentSite.executable, ["--generate-completion-script", "bash"])
        let path = try site.directory.write("agent.bash", script.output)
        func complete(_ words: String...) async throws -> [String] {
            let ended = try await Program.run(
                "bash",
                [
                    "-c",
                    """
                    . "$1"; shift
                    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
                    _agent "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
                    printf '%s\\n' "${COMPREPLY[@]}"
                    """, "bash", path, AgentSite.executable,
                ] + words)
            #expect(ended.errors.isEmpty, "\(ended.errors)")
            return Self.names(ended)
        }
        #expect(try await complete("expl") == ["explain"])
        #expect(try await complete("lab", "fault", "on", "metadata-ref") == ["metadata-refused"])
        #expect(try await complete("invoke", "--config", site.files[1], "Fi") == ["Files/Export"])
        #expect(try await complete("invoke", "--config", site.files[1], "Web/FrontDoor", "--server", "mbx") == ["mbx01", "mbx02"])
        _ = daemon
    }
}
