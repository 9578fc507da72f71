import FoundationEssentials
import TestSupport
import Testing

/// What a real agent answers to callers, by the path as they spell it, the headers they bear and the address they come by.
@Suite struct AccessTests {
    private final class Site: Sendable {
        let directory: TemporaryDirectory

        init(_ more: String = "") throws {
            directory = try TemporaryDirectory()
            try directory.write("probes/README.md", "")
            try directory.write("agent.yaml", "stateDirectory: state\nlisten: 127.0.0.1:0\n" + more)
            try directory.write("modules.yml", "modules: { tcp: { prober: tcp } }\n")
        }

        var words: [String] {
            [
                "run", "--config", directory.path + "/agent.yaml", "--probes", directory.path + "/probes", "--modules",
                directory.path + "/modules.yml",
            ]
        }

        func start(_ more: [String] = []) async throws -> Daemon {
            let program = try Program(AgentSite.executable, words + more)
            guard await program.says("listening") else { throw AgentSite.NotStarted(errors: program.errors) }
            return Daemon(listening: program)
        }
    }

    private static func status(_ daemon: Daemon, _ path: String, _ more: [String] = []) async throws -> String {
        try await daemon.get(path, ["--path-as-is", "-o", "/dev/null", "-w", "%{http_code}"] + more)
    }

    @Test("however a path is spelled, a page of another site can't ask for a probe, nor a stranger for a reload")
    func spelled() async throws {
        let site = try Site()
        let daemon = try await site.start()
        let foreign = ["-H", "Sec-Fetch-Site: cross-site"]
        for path in ["/probe", "//probe", "/probe/", "///probe//", "/probe//"] {
            let asked = path + "?module=tcp&target=127.0.0.1:1"
            #expect(try await Self.status(daemon, asked, foreign) == "403", "\(path)")
            #expect(try await Self.status(daemon, asked, foreign + ["-I"]) == "403", "HEAD \(path)")
            #expect(try await Self.status(daemon, asked) == "200", "\(path)")
        }
        for path in ["/-/reload", "//-/reload", "/-//reload", "/-/reload/"] {
            #expect(try await Self.status(daemon, path, ["-X", "POST", "-H", "Forwarded: for=192.0.2.1"]) == "403", "\(path)")
            #expect(try await Self.status(daemon, path, ["-X", "POST"] + foreign) == "403", "\(path)")
            #expect(try await Self.status(daemon, path, ["-X", "POST"]) == "200", "\(path)")
        }
        for path in ["/", "//", "/sd", "//sd/", "/nowhere", "/metrics/nowhere"] {
            #expect(try await Self.status(daemon, path, ["-H", "Host: evil.example"]) == "403", "\(path)")
        }
        for path in ["/metrics", "//metrics", "/metrics/", "/-/healthy/"] {
            #expect(try await Self.status(daemon, path, ["-H", "Host: any.example"]) == "200", "\(path)")
        }
        withExtendedLifetime(site) {}
    }

    @Test("a caller whom a proxy brought is not local: by header, or because the configuration says that there is one")
    func proxied() async throws {
        let site = try Site()
        let daemon = try await site.start()
        let path = "/probe?module=tcp&target=127.0.0.1:1"
        for header in ["X-Real-IP: 192.0.2.1", "X-Forwarded: for=192.0.2.1", "CF-Connecting-IP: 192.0.2.1", "Via: 1.1 proxy"] {
            #expect(try await Self.status(daemon, path, ["-H", header]) == "403", "\(header)")
            #expect(try await Self.status(daemon, "/-/reload", ["-X", "POST", "-H", header]) == "403", "\(header)")
            #expect(try await Self.status(daemon, "/metrics", ["-H", header]) == "200", "\(header)")
        }
        let behindSite = try Site("behindProxy: true\n")
        let behind = try await behindSite.start()
        #expect(try await Self.status(behind, path) == "403")
        #expect(try await Self.status(behind, "/-/reload", ["-X", "POST"]) == "403")
        #expect(try await Self.status(behind, "/metrics") == "200")
        withExtendedLifetime((site, behindSite)) {}
    }

    @Test("':port' and '*:port' listen on every address", arguments: [":0", "*:0"])
    func everyAddress(listen: String) async throws {
        let site = try Site()
        let daemon = try await site.start(["--listen", listen])
        let port = daemon.address.split(separator: ":").last ?? ""
        for host in ["127.0.0.1", "127.0.0.2"] + (daemon.address.hasPrefix("[") ? ["[::1]"] : []) {
            #expect(try await Program.run("curl", ["-sSg", "http://\(host):\(port)/-/healthy"]).output == "healthy\n", "\(host)")
        }
        let probed = try await Program.run("curl", ["-sSg", "http://127.0.0.1:\(port)/probe?module=tcp&target=127.0.0.1:1"]).output
        #expect(probed.contains("probe_success 0\n"), "\(probed)")
        withExtendedLifetime(site) {}
    }

    @Test("an address that is none and a port that is taken are told in one line each")
    func cannotListen() async throws {
        let site = try Site()
        let taken = try await HookServer()
        for (listen, sentence) in [
            (
                "127.0.0.1:\(taken.port)",
                "error: cannot listen on 127.0.0.1:\(taken.port): the port is in use; set 'listen' in agent.yaml or --listen"
            ),
            ("9717", "--listen: error: must be address:port, found '9717'"),
        ] {
            let ended = try await Program.run(AgentSite.executable, site.words + ["--listen", listen])
            #expect(ended.status == 2)
            #expect(ended.errors.split(separator: "\n").filter { !$0.contains("no probe definitions") } == [sentence[...]])
        }
    }
}
