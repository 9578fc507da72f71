import ProbeFiles
import Probing
import TargetKinds
import TestSupport
import Testing
import Transfers

@Suite struct ImportedFileTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// What is imported, and what the agent itself says of the definitions.
    private func imported(_ text: String) throws -> (definitions: [ProbeDefinition], notes: [String], problems: [String]) {
        let file = try ImportedFile(path: directory.write("exporter.yml", text))
        for definition in file.definitions { try directory.write("probes/\(definition.fileName)", definition.text) }
        try directory.write("agent.yaml", "stateDirectory: state\n")
        let kinds = KindCatalog(TargetKinds.all(TargetServices(transfers: Transfers(), userAgent: "test")))
        let files = PlanFiles(configurationPath: directory.path + "/agent.yaml", probesDirectory: directory.path + "/probes")
        return (
            files.definitions(kinds: kinds), file.notes.map { "\($0.location.line ?? 0): \($0.sentence)" },
            files.diagnostics(kinds: kinds).filter { $0.severity == .error }.map(\.description)
        )
    }

    @Test("blackbox_exporter: each module is a definition with the same options")
    func blackbox() throws {
        let (definitions, notes, problems) = try imported(
            """
            modules:
              http_post:
                prober: http
                timeout: 5s
                http: { method: POST, headers: { Content-Type: "application/json" }, body: '{"a": "true"}', valid_status_codes: [200] }
              smtp:
                prober: tcp
                tcp: { query_response: [{ expect: "^220", send: !!binary "AAEC" }] }
                http: { method: GET }

            """)
        #expect(problems == [] && notes == ["9: module 'smtp': 'http' is not of its prober 'tcp'"])
        #expect(definitions.map(\.identity.description) == ["Imported\\http_post", "Imported\\smtp"])
        #expect(definitions.map(\.kind.name) == ["http", "tcp"] && definitions.map(\.timeout) == [.seconds(5), .seconds(30)])
        let body = definitions[0].kind.options.entries.first { $0.key == "body" }?.value
        #expect(body == Setting(.scalar(#"{"a": "true"}"#, isPlain: false), at: SourceLocation(path: "")))
        let step = try #require(SettingsReader(definitions[1].kind.options, what: "", notes: .init()).settings("query_response")?.first)
        #expect(step.entries.map(\.value.value).contains { if case .binary([0, 1, 2]) = $0 { true } else { false } })
    }

    @Test("ssl_exporter: servers are of kind tls, files of kind certificate-file; what cannot be carried over is named")
    func ssl() throws {
        let (definitions, notes, problems) = try imported(
            """
            default_module: web
            modules:
              web:
                prober: https
                target: https://www.fabrikam.com/x
                https: { proxy_url: "http://proxy:8080" }
                tls_config: { insecure_skip_verify: true, renegotiation: once }
              mail:
                prober: tcp
                tcp: { starttls: smtp }
              keys:
                prober: file
                target: /etc/ssl/**/*.pem
              cluster:
                prober: kubernetes

            """)
        #expect(problems == [])
        #expect(definitions.map(\.kind.name) == ["certificate-file", "tls", "tls"])
        #expect(definitions.map { $0.targets?.inline ?? [] } == [["/etc/ssl/**/*.pem"], [], ["https://www.fabrikam.com/x"]])
        #expect(definitions[1].kind.options.entries.map(\.key) == ["starttls"])
        #expect(definitions[2].kind.options.entries.map(\.key) == ["tls_config", "proxy_url"])
        #expect(
            notes == [
                "7: module 'web': tls_config.'renegotiation' is not supported",
                "15: module 'cluster': prober 'kubernetes' is not supported",
                "1: 'default_module' is not supported: a definition names its targets",
            ])
    }

    @Test("a module of blackbox_exporter with a key in the wrong place is still one of it")
    func misplaced() throws {
        let (_, notes, _) = try imported("modules:\n  web:\n    prober: http\n    tls_config: { insecure_skip_verify: true }\n")
        #expect(notes == ["4: module 'web': 'tls_config' is not of its prober 'http'"])
    }

    @Test("ssl_exporter is told by its STARTTLS alone; a name that YAML would take for null")
    func startTLS() throws {
        let (definitions, _, problems) = try imported("modules:\n  \"null\":\n    prober: tcp\n    tcp: { starttls: smtp }\n")
        #expect(problems == [] && definitions.map(\.kind.name) == ["tls"] && definitions.map(\.identity.name) == ["null"])
    }

    @Test("x509-certificate-exporter: the sources of files")
    func x509() throws {
        let (definitions, notes, problems) = try imported(
            """
            server: { listen: ":9793" }
            sources:
              - kind: file
                name: web servers
                paths: [/etc/nginx/*.pem, "/srv/**/*.p12"]
                excludePaths: ["*/old/*"]
                refreshInterval: 10m
                formats: [pem, pkcs12]
                pkcs12: { passphraseFile: /etc/agent/p12, passphrase: secret }
              - kind: kubernetes
                name: cluster
              - kind: kubeconfig
                name: admins
                paths: [/root/.kube/config]
                refreshInterval: 10m

            """)
        #expect(problems == [] && Set(definitions.map(\.identity.name)) == ["web-servers", "admins"])
        #expect(
            definitions.map(\.every) == [.seconds(600), .seconds(600)] && definitions.allSatisfy { $0.kind.name == "certificate-file" })
        #expect(definitions.last?.targets?.inline == ["/etc/nginx/*.pem", "/srv/**/*.p12"])
        #expect(definitions.last?.kind.options.entries.map(\.key) == ["exclude", "passwordFile"])
        #expect(
            notes.count == 3 && notes[0].hasPrefix("9: source 'web servers': pkcs12.'passphrase' is not supported")
                && !notes.joined().contains("secret"))
    }

    @Test("another file, or one that cannot be read, is refused")
    func refused() throws {
        let other = try directory.write("other.yml", "scrape_configs: []\n")
        let error = #expect(throws: ConfigurationRefused.self) { try ImportedFile(path: other) }
        #expect(error?.description.contains("neither 'modules'") == true)
        #expect(throws: ConfigurationRefused.self) { try ImportedFile(path: directory.path + "/none.yml") }
    }
}
