import FoundationEssentials
import ProbeFiles
import Probing
import TestSupport
import Testing

@Suite struct TargetSettingsTests {
    private static let kinds = KindCatalog([
        OptionKind(name: "tcp", option: "settling", aim: .targets), OptionKind(name: "cert-expiry", option: "warnBelow"),
        OptionKind(name: "key-size", option: "minimumKeyBits"), OptionKind(name: "key-size", option: "exclude", aim: .targets),
    ])
    private static let head = "healthSet: Web\nname: Pages\nkind: tcp\n"

    private static func read(_ text: String) throws -> (definitions: [ProbeDefinition], problems: [String], directory: String) {
        let directory = try TemporaryDirectory()
        try directory.write("agent.yaml", "organization: fabrikam.com\n")
        try directory.write("probes/web/a.yaml", text)
        try directory.write("probes/web/targets/list.yaml", "- targets: [a]\n")
        let files = PlanFiles(configurationPath: directory.path + "/agent.yaml", probesDirectory: directory.path + "/probes")
        return (
            files.definitions(kinds: kinds),
            files.diagnostics(kinds: kinds).map { $0.description.replacing(directory.path + "/probes/web/", with: "") }, directory.path
        )
    }

    @Test("targets of every source are read; duplicates count once, and lists in a folder named targets are no definitions")
    func whole() throws {
        let (definitions, problems, directory) = try Self.read(
            Self.head
                + """
                targets: ["mail.fabrikam.com:25", 192.0.2.1:443, "mail.fabrikam.com:25"]
                targetsFrom:
                  files: ["targets/*.json", /etc/agent/list.yml, "targets/*.json"]
                  urls: http://127.0.0.1:8080/sd
                  refresh: 5s
                everyAddress: true

                """)
        #expect(problems == [])
        let list = try #require(definitions.first?.targets)
        #expect(list.inline == ["mail.fabrikam.com:25", "192.0.2.1:443"] && list.everyAddress && list.refresh == .seconds(5))
        #expect(list.sources.map(\.text) == ["targets/*.json", "/etc/agent/list.yml", "http://127.0.0.1:8080/sd"])
        #expect(list.sources[0].place == directory + "/probes/web/targets/*.json")
        #expect(list.sources[1].place == "/etc/agent/list.yml")
    }

    @Test("an empty list is a list, and a refresh left out is 30 s")
    func empty() throws {
        let (definitions, problems, _) = try Self.read(Self.head + "targets: []\n")
        #expect(problems == [] && definitions.first?.targets == TargetList([]))
        #expect(definitions.first?.targets?.refresh == .seconds(30))
    }

    @Test(
        "targets that cannot be say where and why",
        arguments: [
            (
                "",
                "a.yaml:1:1: error: kind 'tcp' needs 'targets' or 'targetsFrom' ('targets: []' for none)"
            ),
            (
                "targets: []\nscope: server\n",
                "a.yaml:5:8: error: 'scope' is not allowed for kind 'tcp', which probes targets: remove it and use 'targets'"
            ),
            (
                "targets: []\nrole: Mailbox\n",
                "a.yaml:5:7: error: 'role' is not allowed for kind 'tcp', which probes targets: remove it and use 'targets'"
            ),
            ("targets: {}\n", "a.yaml:4:10: error: 'targets' must be a list, found a mapping"),
            ("targets: [[a]]\n", "a.yaml:4:11: error: 'targets' must be a list of strings, found a list in it"),
            ("targets: [\"\"]\n", "a.yaml:4:11: error: a target is empty: write each target as a separate string"),
            (
                "targets: \"a:1, b:2\"\n",
                "a.yaml:4:10: error: a target contains a space or a control character: write each target as a separate string"
            ),
            ("targetsFrom: {}\n", "a.yaml:4:14: error: 'targetsFrom' needs 'files' or 'urls'"),
            (
                "targetsFrom: { files: [list.txt] }\n",
                "a.yaml:4:24: error: 'files' must be patterns ending in .json, .yaml or .yml, found 'list.txt'"
            ),
            ("targetsFrom: { urls: [\"ftp://x\"] }\n", "a.yaml:4:23: error: 'urls' must be http or https URLs, found 'ftp://x'"),
            (
                "targetsFrom: { urls: [\"http://me:secret@sd/x\"] }\n",
                "a.yaml:4:23: error: 'urls' must be http or https URLs without user and password, found 'http://xxxxx@sd/x'"
            ),
            ("targetsFrom: { files: [a.json], refresh: 500ms }\n", "a.yaml:4:42: error: 'refresh' must be at least 1s"),
            (
                "targetsFrom: { file: [a.json], urls: [\"http://sd\"] }\n",
                "a.yaml:4:16: error: unknown key 'file', did you mean 'files'?"
            ),
            ("targets: []\neveryAddress: often\n", "a.yaml:5:15: error: 'everyAddress' must be true or false, found 'often'"),
        ])
    func bad(text: String, expected: String) throws { #expect(try Self.read(Self.head + text).problems == [expected]) }

    @Test("of two kinds with one name, the targets tell which is meant")
    func both() throws {
        let head = "healthSet: Web\nname: Keys\nkind: key-size\n"
        for (text, aim) in [
            ("options: { minimumKeyBits: 20s }\n", KindAim.organization), ("targets: [a]\noptions: { exclude: 20s }\n", .targets),
        ] {
            let (definitions, problems, _) = try Self.read(head + text)
            #expect(problems.allSatisfy { !$0.contains(": error: ") } && definitions.first?.kind.aim == aim)
        }
        #expect(
            try Self.read(head + "options: { exclude: 20s }\n").problems == [
                "a.yaml:4:12: error: 'exclude' is an option of kind 'key-size' with 'targets'"
            ])
    }

    @Test(
        "a kind that looks at servers takes no targets",
        arguments: ["targets: [a]", "targetsFrom: { files: [a.json] }", "everyAddress: true"])
    func servers(line: String) throws {
        let key = line.prefix { $0 != ":" }
        let found = try Self.read("healthSet: Web\nname: Pages\nkind: cert-expiry\n\(line)\n").problems
        #expect(
            found == [
                "a.yaml:4:\(key.count + 3): error: '\(key)' is only for kinds with targets, this kind probes the servers of agent.yaml: remove it"
            ])
    }
}
