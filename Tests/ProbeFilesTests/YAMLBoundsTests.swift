import FoundationEssentials
import Glibc
import Monitoring
import Probing
import TestSupport
import Testing

@testable import ProbeFiles

/// Small files that once cost minutes: what they ask for is counted before it is done.
@Suite struct YAMLBoundsTests {
    private static let kinds = KindCatalog([OptionKind(name: "cert-expiry", option: "warnBelow")])

    private static func rows(_ count: Int) -> String {
        (["a0: &a0 [x]"]
            + (1...count).map { "a\($0): &a\($0) [\(Array(repeating: "*a\($0 - 1)", count: 9).joined(separator: ", "))]" })
            .joined(separator: "\n") + "\n"
    }

    private static func read(_ text: String) -> String {
        do throws(ConfigurationRefused) { return "\(try YAMLFile(path: "a").parse(text).entries.map(\.key))" } catch {
            return error.description
        }
    }

    @Test("an alias of much as a key is refused unread, as is any key that is no text")
    func keys() {
        #expect(Self.read(Self.rows(4) + "? *a4\n: x\n") == "a:6:3: error: a key must be a string")
        #expect(Self.read("? [a, b]\n: x\n") == "a:1:3: error: a key must be a string")
        #expect(Self.read("a: &k b\n*k : c\n") == #"["a", "b"]"#)
    }

    @Test("what aliases stand for is counted before it is taken, nesting in them too")
    func aliases() {
        #expect(Self.read(Self.rows(9) + "? *a9\n: x\n").hasSuffix("too many values: more than 50000 with aliases expanded"))
        let deep = "a: &a " + String(repeating: "[", count: 20) + String(repeating: "]", count: 20) + "\n"
        #expect(Self.read(deep + "b: [*a]\n") == #"["a", "b"]"#)
        #expect(
            Self.read(deep + "b: \(String(repeating: "[", count: 12))*a\(String(repeating: "]", count: 12))\n").hasSuffix(
                "nested deeper than 32 levels"))
        #expect(Self.read("a: &a [*a]\n") == "a:1:8: error: undefined alias '*a'")
    }

    @Test("a mapping of many keys that is merged costs as much as it holds")
    func merge() {
        let keys = (0..<20_000).map { "k\($0): 1" }.joined(separator: ", ")
        #expect(Self.read("x: &x {\(keys)}\n<<: *x\nk1: 2\n").hasPrefix(#"["x", "k1", "k0", "k2""#))
    }

    @Test("directives without number are refused, each is compared with all before it")
    func directives() {
        #expect(Self.read((0..<200_000).map { "%TAG !a\($0)! tag:x\n" }.joined() + "--- {}\n").hasSuffix("more than 64 directives"))
        #expect(Self.read("%YAML 1.1\n--- {a: b}\n") == #"["a"]"#)
    }

    @Test("a list of millions of nothings is refused when the bound is passed")
    func many() {
        #expect(Self.read("a: [" + String(repeating: "[],", count: 300_000) + "]\n").hasSuffix("with aliases expanded"))
    }

    @Test("a folder of definitions that cannot be listed is an error, never a folder without definitions")
    func folder() throws {
        let directory = try TemporaryDirectory()
        try directory.write("agent.yaml", "organization: fabrikam.com\n")
        try directory.write("probes/a.yaml", "healthSet: OAuth\nname: A\nkind: cert-expiry\n")
        try directory.write("probes/sub/b.yaml", "healthSet: OAuth\nname: B\nkind: cert-expiry\n")
        let files = PlanFiles(configurationPath: directory.path + "/agent.yaml", probesDirectory: directory.path + "/probes")
        #expect(try files.read(kinds: Self.kinds).definitions.count == 2)
        // Descriptors are what runs out: root may list any folder.
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let usual = limit.rlim_cur
        let next = open("/dev/null", O_RDONLY)
        close(next)
        limit.rlim_cur = rlim_t(next)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let found = files.diagnostics(kinds: Self.kinds).map { $0.description.replacing(directory.path + "/", with: "") }
        limit.rlim_cur = usual
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #expect(
            found == [
                "agent.yaml: error: the agent has reached a system limit: Too many open files",
                "probes: error: the probe definitions cannot be listed: the agent has reached a system limit: Too many open files",
            ])
    }

    @Test("the exported certificate that is no certificate is a warning: the agent starts, and its probes say so")
    func exported() throws {
        let directory = try TemporaryDirectory()
        #expect(mkfifo(directory.path + "/pipe", 0o600) == 0)
        try directory.write("garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n")
        try directory.write("empty", "")
        try directory.write("probes/a.yaml", "healthSet: OAuth\nname: A\nkind: cert-expiry\n")
        let files = PlanFiles(configurationPath: directory.path + "/agent.yaml", probesDirectory: directory.path + "/probes")
        for (file, clause) in [
            ("pipe", "pipe: it is a named pipe"), ("garbage", "garbage is not a certificate"),
            ("empty", "empty is not a certificate (empty)"),
            ("none", "none: there is no such file"), ("/dev/zero", "/dev/zero: it is a device"),
        ] {
            try directory.write("agent.yaml", "authConfig: { certificateFile: \(file) }\nservers: [{ name: mbx01.fabrikam.com }]\n")
            let plan = try files.read(kinds: Self.kinds)
            #expect(plan.warnings.count == 1 && plan.warnings[0].sentence.contains(clause), "\(plan.warnings)")
            #expect(plan.configuration.organization.authConfig.certificateFile != nil)
        }
    }
}
