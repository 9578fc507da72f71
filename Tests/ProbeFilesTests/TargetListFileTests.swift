import FoundationEssentials
import Glibc
import ProbeFiles
import Probing
import TestSupport
import Testing

@Suite struct TargetListFileTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func read(_ name: String, _ text: String, unless seen: ListStamp? = nil) throws -> String {
        let path = try directory.write(name, text)
        do throws(ListUnreadable) {
            if case .targets(let targets, _, let leftOut) = try TargetListFile.read(path, unless: seen) {
                return (targets + [leftOut?.replacing(directory.path + "/", with: "")].compactMap(\.self)).joined(separator: " ")
            }
            return "unchanged"
        } catch { return error.description.replacing(directory.path + "/", with: "") }
    }

    @Test(
        "file_sd is read from JSON and YAML, and what it cannot be is named with its place",
        arguments: [
            ("a.json", #"[{"targets": ["a:1", "https:\/\/b\/\u0063"], "labels": {"x": "y"}}, {"targets": []}]"#, "a:1 https://b/c"),
            ("a.json", "[]", ""), ("a.json", "\u{FEFF}[{\"targets\":[\"a\"]}]", "a"),
            ("a.yml", "- targets: [a:1, 'b']\n  labels: { x: y }\n- targets:\n  - c\n", "a:1 b c"), ("a.yaml", "[]\n", ""),
            ("a.json", #"[{"targets": ["a"], "tragets": []}]"#, "a.json: [0]: unknown key 'tragets'; known keys: labels, targets"),
            ("a.json", #"[{"targets": ["a", 5]}]"#, "a a.json: [0].targets[1]: a target must be a string: ignored"),
            ("a.json", #"[{"targets": ["a", ""]}]"#, "a a.json: [0].targets[1]: a target is empty: ignored"),
            ("a.json", #"[{"targets": "a"}]"#, "a.json: [0].targets: 'targets' must be a list of strings"),
            ("a.json", #"[{"targets": ["a"], "labels": []}]"#, "a.json: [0].labels: 'labels' must be a mapping of strings"),
            ("a.json", #"["a"]"#, "a.json: [0]: a group of targets must be a mapping"),
            ("a.json", "{}", "a.json: expected a list of groups, each with 'targets' and optional 'labels'"),
            (
                "a.yml", "targets: [a]\n",
                "a.yml:1:1: expected a list of groups, each with 'targets' and optional 'labels', found a mapping"
            ),
            ("a.yml", "- targets: [a]\n  tragets: [b]\n", "a.yml:2:3: unknown key 'tragets', did you mean 'targets'?"),
            ("a.json", "[{targets: [a]}]", "a.json:1:3: invalid JSON"),
            ("a.yml", "- targets: [a, {}]\n", "a a.yml:1:16: a target must be a string, found a mapping: ignored"),
        ])
    func content(name: String, text: String, expected: String) throws { #expect(try read(name, text) == expected) }

    @Test(
        "what says nothing is no target, as in Prometheus; of targets that are none the others stay",
        arguments: [
            ("a.json", "null", ""), ("a.json", #"[{"labels": {}}, {}]"#, ""), ("a.json", #"[{"targets": null, "labels": null}]"#, ""),
            ("a.json", #"[{"targets": ["a"], "labels": {"x": null}}]"#, "a"), ("a.yml", "", ""), ("a.yml", "# none yet\n", ""),
            ("a.yml", "---\n...\n", ""), ("a.yml", "null\n", ""), ("a.yml", "- labels:\n  targets:\n- targets: ~\n- labels: {}\n", ""),
            (
                "a.yml", "- targets: [a, null, b c, 'd']\n",
                "a d a.yml:1:16: a target must be a string, found an empty value: ignored, and 1 more"
            ),
            ("a.json", #"[{"targets": ["a", null, "b"]}]"#, "a b a.json: [0].targets[1]: a target must be a string: ignored"),
            ("a.json", "", "a.json:1:1: invalid JSON"), ("a.json", "[null]", "a.json: [0]: a group of targets must be a mapping"),
            ("a.yml", "- ~\n", "a.yml:1:3: a group of targets must be a mapping"),
        ])
    func nothing(name: String, text: String, expected: String) throws { #expect(try read(name, text) == expected) }

    @Test("a list that cannot be read is told apart from its next state; a file that is not there is worth another look")
    func brokenStamp() throws {
        func stamp(_ name: String) throws -> ListStamp? {
            try #require(throws: ListUnreadable.self) { try TargetListFile.read(directory.path + "/" + name, unless: nil) }.stamp
        }
        try directory.write("a.yml", "- targets: [\n")
        let broken = try #require(try stamp("a.yml"))
        guard case .unchanged = try TargetListFile.read(directory.path + "/a.yml", unless: broken) else { return #expect(Bool(false)) }
        #expect(try stamp("none.yml") == nil)
        #expect(mkfifo(directory.path + "/pipe.yml", 0o600) == 0)
        #expect(try stamp("pipe.yml") == nil)
        let body = Array("[".utf8)
        let answer = try #require(throws: ListUnreadable.self) { try TargetListFile.read(json: body, from: "http://sd", unless: nil) }
        guard case .unchanged = try TargetListFile.read(json: body, from: "http://sd", unless: answer.stamp) else {
            return #expect(Bool(false))
        }
    }

    @Test("a file cut off in the middle names line and column")
    func cutOff() throws {
        let sentence = try read("a.json", "[{\"targets\": [\"a\",\n  \"b")
        #expect(sentence.hasPrefix("a.json:2:") && sentence.contains(": invalid JSON"), "\(sentence)")
    }

    @Test("a file that is as it was is not read again; one that is replaced is")
    func stamp() throws {
        let path = try directory.write("a.json", "[]")
        guard case .targets(_, let stamp, _) = try TargetListFile.read(path, unless: nil) else { return #expect(Bool(false)) }
        if case .targets = try TargetListFile.read(path, unless: stamp) { #expect(Bool(false), "read again") }
        try directory.write("b.json", #"[{"targets": ["b"]}]"#)
        #expect(rename(directory.path + "/b.json", path) == 0)
        guard case .targets(["b"], _, _) = try TargetListFile.read(path, unless: stamp) else { return #expect(Bool(false)) }
    }

    @Test("over 8 MiB are not read; 50,000 targets are")
    func size() throws {
        let targets = (0..<50_000).map { "\"host\($0).fabrikam.com:443\"" }.joined(separator: ",")
        #expect(try read("a.json", "[{\"targets\":[\(targets)]}]").split(separator: " ").count == 50_000)
        #expect(try read("a.yml", "[{\"targets\":[\(targets)]}]").split(separator: " ").count == 50_000)
        let large = try read("b.json", "[" + String(repeating: " ", count: 8 << 20) + "]")
        #expect(large == "b.json: the file is too large: 8388610 bytes, the maximum is 8388608")
    }

    @Test("a pattern finds its files in order; a folder with signs of patterns in its name is taken as it is called")
    func matching() throws {
        for name in ["x[1]/b.json", "x[1]/a.json", "x[1]/c.yaml", "x1/d.json"] { try directory.write(name, "[]") }
        try directory.write("agent.yaml", "organization: a\n")
        try directory.write("x[1]/p.yaml", "healthSet: W\nname: P\nkind: tcp\ntargetsFrom: { files: [\"*.json\", no.json] }\n")
        let files = PlanFiles(configurationPath: directory.path + "/agent.yaml", probesDirectory: directory.path + "/x[1]")
        let kinds = KindCatalog([OptionKind(name: "tcp", option: "x", aim: .targets)])
        let sources = try #require(files.definitions(kinds: kinds).first?.targets?.sources)
        #expect(TargetListFile.matching(sources[0].place) == ["a", "b"].map { directory.path + "/x[1]/\($0).json" })
        #expect(TargetListFile.matching(directory.path + "/none-*.json") == [])
        #expect(TargetListFile.matching(directory.path + "/no.json") == [directory.path + "/no.json"])
        let missing = try #require(TargetListFile.matching(sources[1].place).first)
        #expect(throws: ListUnreadable.self) { try TargetListFile.read(missing, unless: nil) }
    }

    @Test("an answer of http_sd that says the same is not read again")
    func answer() throws {
        let body = Array(#"[{"targets": ["a"]}]"#.utf8)
        guard case .targets(["a"], let stamp, _) = try TargetListFile.read(json: body, from: "http://sd", unless: nil) else {
            return #expect(Bool(false))
        }
        if case .targets = try TargetListFile.read(json: body, from: "http://sd", unless: stamp) { #expect(Bool(false), "read again") }
    }
}
