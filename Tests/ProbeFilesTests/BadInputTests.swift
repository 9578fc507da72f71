import FoundationEssentials
import ProbeFiles
import Probing
import TestSupport
import Testing

/// Kinds with options, as definitions see them.
struct OptionKind: ProbeKind {
    static let name = "option"
    let name: String
    let option: String
    var aim = KindAim.organization

    var guide: KindGuide { KindGuide(checks: [], stages: [], reasons: [], options: [.init(option, "", settableThroughAgent: true)]) }

    func readOptions(_ reader: SettingsReader) -> Duration? { reader.duration(option) }

    func discover(_ options: Duration?, at place: Place) -> Discovery { .notDefined(NotDefined(because: "", configured: "")) }
}

@Suite struct BadInputTests {
    private static let kinds = KindCatalog([
        OptionKind(name: "cert-expiry", option: "warnBelow"), OptionKind(name: "thumbprint-drift", option: "settling"),
    ])
    private static let thumbprint = "7595DBDEA83DACB5757441D44899BCDB9911253C"
    private static let good = "healthSet: OAuth\nname: A\nkind: cert-expiry\n"

    private static let watching = """
        organization: fabrikam.com
        servers: [{ name: mbx01.fabrikam.com }]
        authConfig: { currentCertificateThumbprint: \(thumbprint) }

        """

    private static func diagnostics(agent: String = watching, probes: [String: String] = ["a.yaml": good]) throws
        -> [String]
    {
        let directory = try TemporaryDirectory()
        try directory.write("agent.yaml", agent)
        for (name, text) in probes { try directory.write("probes/" + name, text) }
        let files = PlanFiles(configurationPath: directory.path + "/agent.yaml", probesDirectory: directory.path + "/probes")
        return files.diagnostics(kinds: kinds).map { $0.description.replacing(directory.path + "/", with: "") }
    }

    @Test(
        "one mistake is reported once: what stands beside it is neither unknown nor wrong",
        arguments: [
            (
                "kind: cert-expiry\nmonitors:\n  - { name: M, when: { successPercentage: { below: 195, within: 1h } } }\n",
                ["'below' must be a number"]
            ),
            ("kind: cert-expiry\nmonitors:\n  - { name: M, when: { failures: { count: 0, within: 1h } } }\n", ["'count' must be"]),
            (
                "kind: cert-expiry\nmonitors:\n  - { name: M, when: { consecutivefailures: 3 } }\n",
                ["'when' must contain exactly one of", "unknown key 'consecutivefailures', did you mean 'consecutiveFailures'?"]
            ),
            ("kind: cert-expirx\ntargets: [a]\n", ["unknown kind 'cert-expirx', did you mean 'cert-expiry'?"]),
        ])
    func once(text: String, sentences: [String]) throws {
        let found = try Self.diagnostics(probes: ["a.yaml": "healthSet: OAuth\nname: A\n" + text])
        #expect(found.count == sentences.count, "\(found)")
        for sentence in sentences { #expect(found.contains { $0.contains(sentence) }, "\(found)") }
    }

    @Test(
        "where nothing would be watched, a warning says so",
        arguments: [
            (
                "", "",
                ["agent.yaml: warning: no 'servers' are configured: probes of servers watch nothing: add each server's name and roles"]
            ),
            (
                "servers: [{ name: edge01.fabrikam.com, roles: [Edge] }]\nauthConfig: { currentCertificateThumbprint: \(thumbprint) }\n",
                "",
                ["probes/a.yaml: warning: no server has the role 'Mailbox': this probe watches nothing"]
            ),
            ("servers: [{ name: mbx01.fabrikam.com }]\n", "", ["agent.yaml: warning: no 'authConfig': which OAuth certificate"]),
            ("servers: [{ name: mbx01.fabrikam.com }]\nauthConfig: { currentCertificateThumbprint: \(thumbprint) }\n", "", []),
            (
                "servers: [{ name: mbx01.fabrikam.com, metadata: false }]\nauthConfig: { currentCertificateThumbprint: \(thumbprint) }\n",
                "",
                ["agent.yaml: warning: no copy of the OAuth certificate can be seen: all servers have 'metadata: false'"]
            ),
            ("", "scope: organization\n", []), ("", "enabled: false\n", []),
        ])
    func unwatched(agent: String, definition: String, warnings: [String]) throws {
        let found = try Self.diagnostics(agent: "organization: fabrikam.com\n" + agent, probes: ["a.yaml": Self.good + definition])
        #expect(found.count == warnings.count, "\(found)")
        // Without line and column.
        let told = found.map { $0.split(separator: ":").enumerated().filter { $0.offset == 0 || Int($0.element) == nil }.map(\.element) }
            .map { $0.joined(separator: ":") }
        for warning in warnings { #expect(told.contains { $0.hasPrefix(warning) }, "\(told)") }
    }

    @Test("a trigger that is none is reported, but not that there is none")
    func trigger() throws {
        let responder = "responders: [{ name: r, webhook: { url: https://a.example/ }, on: [unhealthly] }]\n"
        let found = try Self.diagnostics(agent: responder)
        #expect(found.count == 1 && found[0].contains("'on' must contain only"), "\(found)")
    }

    @Test("good files have nothing to say")
    func silent() throws { #expect(try Self.diagnostics() == []) }

    @Test(
        "a configuration that cannot be says where and why",
        arguments: [
            ("organisation: x\n", "agent.yaml:1:1: error: unknown key 'organisation', did you mean 'organization'?"),
            ("servers: mbx01\n", "agent.yaml:1:10: error: 'servers' must be a list, found a string"),
            (
                "organization: \"a\\nb\"\n",
                "agent.yaml:1:15: error: 'organization' must be one line without control characters, found 'a\\nb'"
            ),
            ("servers: [{ name: a..b }]\n", "agent.yaml:1:19: error: 'name' must be a host name, found 'a..b'"),
            ("cloud: mars\n", "agent.yaml:1:8: error: 'cloud' must be one of global, usGovernment, china, found 'mars'"),
            ("snapshot: { maximumAge: 7d }\n", "agent.yaml:1:11: error: 'snapshot' needs 'file'"),
            ("pushProxy: { enabled: maybe }\n", "agent.yaml:1:23: error: 'enabled' must be true or false, found 'maybe'"),
            (
                "organization: a\n---\norganization: b\n",
                "agent.yaml:2:1: error: only one YAML document per file is allowed: move this one to another file"
            ),
            ("", "agent.yaml:1:1: error: the file is empty: at least one key is required"),
            ("# nothing\n", "agent.yaml:1:1: error: the file is empty: at least one key is required"),
            (
                "authServer: { metadataUrl: \"http://x.example/\" }\n",
                "agent.yaml:1:28: error: 'metadataUrl' must be an https URL, found 'http://x.example/'"
            ),
            ("pushProxy: { uri: \"ftp://x\" }\n", "agent.yaml:1:19: error: 'uri' must be an https URL, found 'ftp://x'"),
            (
                "authConfig: { currentCertificateThumbprint: 12AB }\n",
                "agent.yaml:1:45: error: 'currentCertificateThumbprint' must be a thumbprint: 40 hexadecimal digits, spaces and colons allowed, found '12AB'"
            ),
            (
                "authConfig: { certificateFile: nowhere.cer }\n",
                "agent.yaml:1:32: warning: 'certificateFile': nowhere.cer: there is no such file"
            ),
            (
                "authConfig: { certificateFile: agent.yaml }\n",
                "agent.yaml:1:32: warning: 'certificateFile': agent.yaml is not a certificate (neither a DER nor a PEM certificate): export it as DER or PEM"
            ),
            ("tls: { caFile: agent.yaml }\n", "agent.yaml:1:16: error: 'caFile': agent.yaml contains no PEM certificate"),
            ("listen: 9717\n", "agent.yaml:1:9: error: 'listen' must be address:port, found '9717'"),
            ("servers:\n  - name: a\n  - name: A\n", "agent.yaml:3:11: error: duplicate server 'A', first defined in line 2"),
            ("servers:\n  - address: 1.2.3.4:443\n", "agent.yaml:2:5: error: a server needs 'name'"),
            (
                "thresholds: { warnBelow: 10d, failBelow: 20d }\n",
                "agent.yaml:1:42: error: 'failBelow' must not be longer than 'warnBelow': it would fail before it warns"
            ),
            (
                "thresholds: { warnBelow: soon }\n",
                "agent.yaml:1:26: error: 'warnBelow' must be a duration such as 500ms, 30s, 5m, 12h or 60d above zero, found 'soon'"
            ),
            (
                "responders:\n  - { name: a, command: [/bin/true], on: [] }\n",
                "agent.yaml:2:42: error: 'on' is empty: this responder would never act"
            ),
            (
                "responders:\n  - name: a\n    command: [/bin/true]\n    monitors: [oauth, OAuht]\n",
                "agent.yaml:4:23: warning: 'monitors': unknown monitor or health set 'OAuht', did you mean 'OAuth'?"
            ),
            (
                "responders:\n  - name: a\n    command: [/bin/true]\n    monitors: Nothing/Like/It\n",
                "agent.yaml:4:15: warning: 'monitors': unknown monitor or health set 'Nothing/Like/It'; known health sets: OAuth"
            ),
            (
                "alertmanagers: [a:9093]\n",
                "agent.yaml:1:17: error: 'alertmanagers' must contain URLs (e.g. http://alertmanager:9093), found 'a:9093'"
            ),
            (
                "alertmanagers: [\"http://me:secret@a:9093\"]\n",
                "agent.yaml:1:17: error: the URL of an Alertmanager must not contain credentials: use 'basicAuth' or 'authorizationFile'"
            ),
            (
                "alertmanagers: [{ url: \"http://a\", basicAuth: { username: me } }]\n",
                "agent.yaml:1:47: error: 'basicAuth' needs 'passwordFile'"
            ),
            (
                "alertmanagers: [{ url: \"http://a\", tls: { keyFile: agent.yaml } }]\n",
                "agent.yaml:1:41: error: 'certificateFile' and 'keyFile' must both be set, or neither"
            ),
            (
                "alertmanagers: [{ url: \"http://a\", authorizationFile: nowhere }]\n",
                "agent.yaml:1:55: error: 'authorizationFile': file nowhere does not exist"
            ),
            (
                "alertmanagers: [\"http://a\", { url: \"http://a\" }]\n",
                "agent.yaml:1:29: error: duplicate Alertmanager http://a, first defined in line 1"
            ),
            (
                "proxy: { url: 'http://p:1', windowsAuth: { scheme: ntlm, user: 'a\\b' } }\n",
                "agent.yaml:1:42: error: set one of 'passwordFile', 'keytab'"
            ),
            (
                "connectTo: { \"[mail.fabrikam.com]:443\": \"127.0.0.1:1\" }\n",
                "agent.yaml:1:14: error: 'connectTo' must map host:port to host:port, found '[mail.fabrikam.com]:443: 127.0.0.1:1'"
            ),
            (
                "mailFlow: { from: a@fabrikam.com, to: b@fabrikam.com }\n",
                "agent.yaml:1:11: error: 'mailFlow' needs 'imap' with 'user' and 'passwordFile'"
            ),
            (
                "mailFlow: { from: a@fabrikam.com, to: b@fabrikam.com, imap: { tls: none, user: b, passwordFile: /dev/null } }\n",
                "agent.yaml:1:68: error: 'tls' must be starttls or implicit for 'imap': a password is never sent without TLS"
            ),
            (
                "mailFlow: { from: a@fabrikam.com, to: b@fabrikam.com, smtp: { tls: none, user: a, passwordFile: /dev/null }, imap: { user: b, passwordFile: /dev/null } }\n",
                "agent.yaml:1:80: error: 'user' cannot be used with 'tls: none': a password is never sent without TLS"
            ),
            (
                "mailFlow: { from: \"a@fabrikam.com> SIZE=1\", to: b@fabrikam.com, imap: { user: b, passwordFile: /dev/null } }\n",
                "agent.yaml:1:19: error: 'from' must be an address such as monitoring@fabrikam.com, found 'a@fabrikam.com> SIZE=1'"
            ),
            (
                "mailFlow: { from: a@fabrikam.com, to: b@fabrikam.com, imap: { user: b } }\n",
                "agent.yaml:1:61: error: 'user' and 'passwordFile' belong together: set both"
            ),
            (
                "certificates: x\n",
                "agent.yaml:1:1: error: unknown key 'certificates'; known keys: alertmanagers, authConfig, authServer, behindProxy, cloud, compatibility, connectTo, controlSocket, exchangeOnline, externalURL, history, hostNames, hybridApp, listen, mailFlow, openMetricsCreated, organization, probe, proxy, pushProxy, responderLock, responders, servers, shard, snapshot, stateDirectory, tenant, thresholds, tls, vantage, webConfigFile"
            ),
            (
                "compatibility: [ssl_exporter, x509_exporter]\n",
                "agent.yaml:1:16: error: 'compatibility' contains 'x509_exporter', did you mean 'ssl_exporter'?"
            ),
            ("shard: { index: 3, of: 3 }\n", "agent.yaml:1:17: error: 'index' must be less than 'of' (3): the first shard is 0"),
            ("shard: { index: 0 }\n", "agent.yaml:1:8: error: 'shard' needs 'of'"),
            ("shard: { index: 0, of: many }\n", "agent.yaml:1:24: error: 'of' must be a whole number from 1 to 10000, found 'many'"),
            ("shard: { index: 0, of: 3, modulus: 3 }\n", "agent.yaml:1:27: error: unknown key 'modulus'; known keys: index, of"),
            ("vantage: \"a\\nb\"\n", "agent.yaml:1:10: error: 'vantage' must be one line without control characters, found 'a\\nb'"),
            ("vantage: [a]\n", "agent.yaml:1:10: error: 'vantage' must be one line without control characters, found a list"),
            ("openMetricsCreated: perhaps\n", "agent.yaml:1:21: error: 'openMetricsCreated' must be true or false, found 'perhaps'"),
            ("responderLock: { path: a }\n", "agent.yaml:1:16: error: 'responderLock' must be a string, found a mapping"),
            ("responderlock: a\n", "agent.yaml:1:1: error: unknown key 'responderlock', did you mean 'responderLock'?"),
            ("organization: [\n", "agent.yaml:2:1: error: invalid YAML: did not find expected node content"),
            ("organization: a\norganization: b\n", "agent.yaml:1:1: error: duplicate key 'organization': remove one"),
            (
                "listen: 127.0.0.1:1\nstateDirectory: state # UNCONFIRMED\n",
                "agent.yaml:2:23: warning: unconfirmed value: compare it with the Exchange Management Shell, then remove the mark"
            ),
        ])
    func configuration(text: String, expected: String) throws {
        #expect(try Self.diagnostics(agent: text, probes: ["a.yaml": Self.good + "scope: organization\n"]) == [expected])
    }

    @Test(
        "a definition that cannot be says where and why",
        arguments: [
            ("name: A\nkind: cert-expiry\n", "probes/a.yaml:1:1: error: a probe definition needs 'healthSet'"),
            (
                good + "every: 0s\n",
                "probes/a.yaml:4:8: error: 'every' must be a duration such as 500ms, 30s, 5m, 12h or 60d above zero, found '0s'"
            ),
            (
                good + "every: 0\n",
                "probes/a.yaml:4:8: error: 'every' must be a duration such as 500ms, 30s, 5m, 12h or 60d above zero, found '0'"
            ),
            (good + "every: 10s\ntimeout: 20s\n", "probes/a.yaml:5:10: error: 'timeout' (20s) must not be longer than 'every' (10s)"),
            (
                "healthSet: OAuth\nname: A\nkind: cert-expire\n",
                "probes/a.yaml:3:7: error: unknown kind 'cert-expire', did you mean 'cert-expiry'?"
            ),
            (
                good + "options: { settling: 1h }\n",
                "probes/a.yaml:4:12: error: 'settling' is an option of kind 'thumbprint-drift', this probe is of kind 'cert-expiry'"
            ),
            (
                good + "options: { warnBelow: never }\n",
                "probes/a.yaml:4:23: error: 'warnBelow' must be a duration such as 500ms, 30s, 5m, 12h or 60d above zero, found 'never'"
            ),
            (
                good + "conditions: []\n",
                "probes/a.yaml:4:1: error: unknown key 'conditions'; known keys: enabled, every, healthSet, kind, monitors, name, options, retries, role, scope, summary, timeout"
            ),
            (
                "healthSet: OAuth\nname: A\nkind: cert-expiry\nmonitors:\n  - { name: M, when: { consecutiveFailures: 0 } }\n",
                "probes/a.yaml:5:45: error: 'consecutiveFailures' must be a whole number from 1 to 1000, found '0'"
            ),
            (
                "healthSet: OAuth\nname: A\nkind: cert-expiry\nmonitors:\n  - { name: M, when: { consecutiveFailures: 1, failures: { count: 2, within: 5m } } }\n",
                "probes/a.yaml:5:22: error: 'when' must contain exactly one of consecutiveFailures, consecutiveWarnings, failures, successPercentage, sampleValue, certificateLifetime"
            ),
            (
                "healthSet: OAuth\nname: A\nkind: cert-expiry\nmonitors:\n  - { name: M, when: { failures: { count: 2 } } }\n",
                "probes/a.yaml:5:34: error: this rule needs 'within'"
            ),
            (
                "healthSet: OAuth\nname: A\nkind: cert-expiry\nmonitors:\n  - { name: M }\n",
                "probes/a.yaml:5:5: error: a monitor needs 'when' (e.g. when: { consecutiveFailures: 3 })"
            ),
            (
                "healthSet: OAuth\nname: A\nkind: cert-expiry\nmonitors:\n  - { name: M, when: { consecutiveFailures: 1 } }\n  - { name: m, when: { consecutiveFailures: 1 } }\n",
                "probes/a.yaml:6:13: error: duplicate monitor 'm', first defined in line 5"
            ),
            (
                "healthSet: OAuth\nname: A\nkind: cert-expiry\nmonitors:\n  - { name: M, when: { consecutiveFailures: 1 }, severity: high }\n",
                "probes/a.yaml:5:60: error: 'severity' must be one of critical, warning, found 'high'"
            ),
            (
                good + "scope: organization\nrole: Mailbox\n",
                "probes/a.yaml:5:7: error: 'role' has no meaning with scope organization: remove it"
            ),
            (
                "healthSet: O/A\nname: A\nkind: cert-expiry\n",
                "probes/a.yaml:1:12: error: 'healthSet' must be a name without spaces and slashes, found 'O/A'"
            ),
        ])
    func definition(text: String, expected: String) throws { #expect(try Self.diagnostics(probes: ["a.yaml": text]) == [expected]) }

    @Test(
        "a monitor that another definition of its health set has too is an error where it stands, in any case; in another health set it is none"
    )
    func twins() throws {
        func file(_ healthSet: String, _ name: String, _ monitor: String) -> String {
            "healthSet: \(healthSet)\nname: \(name)\nkind: cert-expiry\nmonitors:\n  - { name: N\(name), when: { consecutiveFailures: 1 } }\n"
                + "  - { name: \(monitor), when: { consecutiveFailures: 1 } }\n"
        }
        let found = try Self.diagnostics(probes: [
            "a.yaml": file("OAuth", "A", "M"), "b.yaml": file("oauth", "B", "m"), "c.yaml": file("Other", "C", "M"),
        ])
        #expect(found.count == 1 && found[0].hasPrefix("probes/b.yaml:6:13: error: monitor 'm' is already defined in "), "\(found)")
        #expect(found[0].hasSuffix("probes/a.yaml for the same health set: rename one"), "\(found)")
    }

    @Test("a responder may name a health set, a monitor and one of a target's, also of a definition that is disabled")
    func monitors() throws {
        let kinds = KindCatalog([
            OptionKind(name: "cert-expiry", option: "warnBelow"), OptionKind(name: "ports", option: "settling", aim: .targets),
        ])
        let directory = try TemporaryDirectory()
        let names = ["OAUTH", "m", #"oauth\M"#, "OAuth/M", "Web", "Open", "Web/Open/127.0.0.1:1", "open/https://a.example/b"]
        func found(_ names: [String]) throws -> [String] {
            try directory.write(
                "agent.yaml", "responders:\n  - { name: a, command: [/bin/true], monitors: ['\(names.joined(separator: "', '"))'] }\n")
            return PlanFiles(configurationPath: directory.path + "/agent.yaml", probesDirectory: directory.path + "/probes")
                .diagnostics(kinds: kinds).map(\.sentence)
        }
        let monitor = "monitors:\n  - { name: NAME, when: { consecutiveFailures: 1 } }\n"
        try directory.write("probes/a.yaml", Self.good + "enabled: false\n" + monitor.replacing("NAME", with: "M"))
        try directory.write(
            "probes/b.yaml",
            "healthSet: Web\nname: Ports\nkind: ports\ntargets: [\"127.0.0.1:1\"]\n" + monitor.replacing("NAME", with: "Open"))
        #expect(try found(names) == [])
        // Only a definition of targets has monitors of targets, and a probe is no monitor.
        #expect(try found(["OAuth/M/mbx01", "Ports"]).count == 2)
        try directory.write("probes/c.yaml", "name: C\n")
        #expect(try !found(["Nothing"]).contains { $0.contains("Nothing") }, "what can't be read may have it")
    }

    @Test("a probe defined twice, in any case, names the other file")
    func twice() throws {
        let other = Self.good.replacing("name: A", with: "name: a")
        let directory = "probes/a.yaml"
        let found = try Self.diagnostics(probes: ["a.yaml": Self.good, "b.yaml": other])
        #expect(
            found.count == 1 && found[0].hasPrefix("probes/b.yaml:1:1: error: probe 'OAuth\\a' is already defined in ")
                && found[0].hasSuffix(directory + ": rename one"))
    }

    @Test("files that are no files, too large, or no UTF-8 are said to be so")
    func odd() throws {
        let directory = try TemporaryDirectory()
        try directory.write("probes/a.yaml/inner.txt", "x")
        try directory.write("probes/b.yaml", String(repeating: "# filler\n", count: 1_200_000))
        try directory.write("probes/c.yaml", bytes: Array("healthSet: OAuth\nname: ".utf8) + [0xC3, 0x28, 0x0A])
        try directory.write("probes/d.yaml", bytes: [0xFF, 0xFE, 0x68, 0x00])
        let files = PlanFiles(configurationPath: directory.path + "/agent.yaml", probesDirectory: directory.path + "/probes")
        let found = files.diagnostics(kinds: Self.kinds).map { $0.description.replacing(directory.path + "/", with: "") }
        #expect(
            found == [
                "agent.yaml: error: there is no such file",
                "probes/a.yaml: error: it is a directory, not a regular file",
                "probes/b.yaml: error: the file is too large: 10800000 bytes, the maximum is 1048576",
                "probes/c.yaml:2:7: error: invalid UTF-8: save the file as UTF-8",
                "probes/d.yaml: error: the file is UTF-16: save it as UTF-8 (in PowerShell: Out-File -Encoding utf8)",
            ])
    }

    @Test("aliases that multiply are cut off at once")
    func laughs() throws {
        let rows = (1...9).map { "a\($0): &a\($0) [\(Array(repeating: "*a\($0 - 1)", count: 9).joined(separator: ", "))]" }
        let found = try Self.diagnostics(agent: (["a0: &a0 [x]"] + rows).joined(separator: "\n") + "\n")
        #expect(found.count == 1 && found[0].hasSuffix("error: too many values: more than 50000 with aliases expanded"))
    }

    @Test("the shipped example is garbled line by line: every outcome is a plan or a diagnostic")
    func garbled() throws {
        let example = String(decoding: try Data(contentsOf: URL(filePath: ShippedProbes.locate() + "/examples/agent.yaml")), as: UTF8.self)
        let lines = example.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for index in lines.indices where !lines[index].isEmpty {
            for garbled in ["", "  " + lines[index], lines[index] + ": [", "\t" + lines[index], String(lines[index].reversed())] {
                var text = lines
                text[index] = garbled
                for diagnostic in try Self.diagnostics(agent: text.joined(separator: "\n")) { #expect(diagnostic.contains(": ")) }
            }
        }
    }
}
