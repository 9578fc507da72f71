import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// Documents and facts that would write more into `agent.yaml` than they may.
@Suite struct InitTests {
    private let directory: TemporaryDirectory
    private static let known: Set<String> = [
        "organization", "listen", "stateDirectory", "tenant", "servers", "tls", "connectTo", "authConfig", "authServer", "pushProxy",
    ]
    private static let injection = "\\nresponders:\\n  - { name: x, command: [/bin/sh], on: [unhealthy] }\\n"

    init() throws { directory = try TemporaryDirectory() }

    /// Runs init where no server answers, and expects a file that the agent takes, with no key that it should not have.
    private func written(_ arguments: [String]) async throws -> (text: String, notes: String) {
        let path = directory.path + "/agent.yaml"
        let ended = try await Program.run(AgentSite.executable, ["init", "--output", path, "--force"] + arguments)
        #expect(ended.status == 1 && ended.errors.contains("no server was reached"), "\(ended.errors)")
        let text = try directory.text("agent.yaml")
        let keys = text.split(separator: "\n").filter { $0.first != " " && $0.first != "#" }.map { String($0.prefix { $0 != ":" }) }
        #expect(Set(keys).isSubset(of: Self.known) && Set(keys).count == keys.count, "\(text)")
        let check = try await Program.run(AgentSite.executable, ["check", "--config", path])
        #expect(check.status == 0 && !check.errors.contains("error:"), "\(check.errors)\n\(text)")
        return (text, ended.errors)
    }

    @Test(
        "facts are taken where the configuration would take them, and left out where not",
        arguments: [
            (#""domains": ["fabrikam.com", "*.fabrikam.com"]"#, #"domains: [fabrikam.com, "*.fabrikam.com"]"#, ""),
            (
                #""domains": ["a, b]", "fabrikam.com", 5, null]"#, "domains: [fabrikam.com]",
                "'domains' contains a value that is not a domain"
            ),
            (#""pushUri": "https://x.example/\#(injection)""#, "uri: https://outlook.office365.com/", "'pushUri' contains a value"),
            (#""metadataUrl": "https://x.example/a # b""#, "metadataUrl: \"https://accounts.", "'metadataUrl' contains a value"),
            (#""metadataUrl": "https://127.0.0.1:1/'\"{}[]*&?|""#, #"metadataUrl: "https://127.0.0.1:1/'\"{}[]*&?|""#, ""),
            (#""thumbprint": "\#(injection)""#, "authServer:", "'thumbprint' contains a value"),
            (#""servers": ["mbx02.fabrikam.com", "a\#(injection)"]"#, "- name: mbx02.fabrikam.com", "'servers' contains a value"),
            (#""organization": "\#(injection)""#, "organization: fabrikam.com", "'organization' contains a value"),
            (#""servers": ["null", "123", "true"]"#, #"- name: "null""#, ""),
        ])
    func facts(member: String, expected: String, note: String) async throws {
        var arguments = ["--organization", "fabrikam.com", "--connect-to", "accounts.accesscontrol.windows.net:443=127.0.0.1:1"]
        if !member.contains("servers") { arguments += ["--server", "mbx01.fabrikam.com", "--address", "mbx01.fabrikam.com=127.0.0.1:1"] }
        for name in ["mbx02.fabrikam.com", "null", "123", "true"] { arguments += ["--address", "\(name)=127.0.0.1:1"] }
        let facts = try directory.write("facts.json", "{\(member)}")
        let (text, notes) = try await written(arguments + ["--from", facts])
        #expect(text.contains(expected), "\(text)")
        #expect(notes.contains(note), "\(notes)")
    }

    @Test("what was not seen is marked unconfirmed, with the command that shows it; a token without its key is refused")
    func unseen() async throws {
        let arguments = [
            "--organization", "fabrikam.com", "--server", "mbx01.fabrikam.com", "--address", "mbx01.fabrikam.com=127.0.0.1:1",
            "--address", "mbx02.fabrikam.com=127.0.0.1:1", "--connect-to", "accounts.accesscontrol.windows.net:443=127.0.0.1:1",
        ]
        let (text, notes) = try await written(arguments)
        for (key, source) in [
            ("domains", "(Get-AcceptedDomain).DomainName"), ("roles", "(Get-ExchangeServer mbx01.fabrikam.com).ServerRole"),
            ("metadataUrl", "(Get-AuthServer).AuthMetadataUrl"), ("enabled", "(Get-PushNotificationApp OnPrem-Proxy).Enabled"),
            ("uri", "(Get-PushNotificationApp OnPrem-Proxy).Uri"),
        ] {
            let line = text.split(separator: "\n").first { $0.hasPrefix("  ") && $0.drop { $0 == " " }.hasPrefix(key + ":") } ?? ""
            #expect(line.hasSuffix("   # UNCONFIRMED: \(source)"), "\(text)")
        }
        #expect(notes.contains("no server's OAuth certificate could be read: authConfig is omitted"), "\(notes)")
        #expect(notes.contains("--address is ignored for 'mbx02.fabrikam.com'"), "\(notes)")
        let half = try await Program.run(AgentSite.executable, ["init"] + arguments + ["--token-certificate", "/dev/null"])
        #expect(half.status != 0 && half.errors.contains("are required together"), "\(half.errors)")
    }

    @Test(
        "options that would give a file that the agent refuses are refused before anything is written",
        arguments: [
            (["--hostname", "a b"], "'hostname' must be a host name, found 'a b'"),
            (["--hostname", ""], "'hostname' must be a host name"),
            (["--listen", "x y"], "'listen' must be address:port, found 'x y'"),
            (["--listen", ":99999"], "'listen' must be address:port, found ':99999'"),
            (["--address", "mbx01.fabrikam.com=nonsense"], "'address' must be host:port, found 'nonsense'"),
            (["--connect-to", "x=y"], "'connectTo' must map host:port to host:port"),
            (["--connect-to", "x:1=y:1", "--connect-to", "X:1=z:1"], "--connect-to is given twice for 'X:1'"),
            (["--server", "MBX01.fabrikam.com"], "duplicate server 'MBX01.fabrikam.com'"),
            (["--server", "."], "'name' must be a host name, found '.'"), (["--server", "a..b"], "'name' must be a host name"),
            (["--ca-file", "/nonexistent"], "'caFile': /nonexistent: there is no such file"),
            (
                ["--token-certificate", "/nonexistent", "--token-key", "/nonexistent", "--client-id", "x"],
                "'certificateFile': /nonexistent: there is no such file"
            ), (["--organization", "a..b"], "--organization must be a domain, found 'a..b'"),
        ])
    func refused(options: [String], expected: String) async throws {
        let path = directory.path + "/refused.yaml"
        let organization = options.contains("--organization") ? [] : ["--organization", "fabrikam.com"]
        let arguments = ["init", "--output", path, "--server", "mbx01.fabrikam.com"] + organization + options
        let ended = try await Program.run(AgentSite.executable, arguments)
        #expect([2, 64].contains(ended.status) && ended.errors.contains(expected), "\(ended.status) \(ended.errors)")
        #expect(access(path, F_OK) != 0)
    }

    @Test("a result that could not be written is an error")
    func unwritten() async throws {
        let command = "'\(AgentSite.executable)' init --print-powershell > /dev/full"
        let ended = try await Program.run("/bin/sh", ["-c", command])
        #expect(ended.status == 2, "\(ended.status)")
        #expect(ended.errors == "error: cannot write to standard output: No space left on device")
    }

    @Test("facts that are no file, no JSON or nested deep are refused in a sentence")
    func unreadable() async throws {
        func refused(_ path: String) async throws -> String {
            let ended = try await Program.run(AgentSite.executable, ["init", "--from", path, "--output", directory.path + "/new.yaml"])
            #expect(ended.status == 2)
            return ended.errors
        }
        #expect(try await refused("/dev/zero") == "error: /dev/zero: it is a device, not a regular file")
        let deep = try directory.write("deep.json", String(repeating: "[", count: 40) + String(repeating: "]", count: 40))
        #expect(try await refused(deep).contains("deep.json is nested deeper than 32"))
        #expect(try await refused(directory.write("half.json", "{")).contains("half.json is not valid JSON (line 1, column 2)"))
    }

    @Test("an auth server's document cannot write anything but its own values")
    func document() async throws {
        let (host, path) = ("accounts.accesscontrol.windows.net", directory.path)
        let made = try await Program.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=\(host)",
                "-addext",
                "subjectAltName=DNS:\(host)", "-keyout", path + "/key.pem", "-out", path + "/ca.pem",
            ])
        #expect(made.status == 0, "\(made.errors)")
        let certificate = try directory.text("ca.pem").split(separator: "\n").dropFirst().dropLast().joined()
        let document = """
            {"realm": "\(Self.injection)", "keys": [{"keyvalue": {"value": "\(certificate)"}}],
             "endpoints": [{"usage": "issuance", "location": "https://login.example/token\(Self.injection)"}]}
            """
        try directory.write("document.json", document)
        let script = """
            import http.server, signal, ssl, sys
            signal.alarm(120)
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    body = open(sys.argv[1] + "/document.json", "rb").read()
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                def log_message(self, *words): pass
            server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1] + "/ca.pem", sys.argv[1] + "/key.pem")
            server.socket = context.wrap_socket(server.socket, server_side=True)
            print("port", server.server_port, file=sys.stderr, flush=True)
            server.serve_forever()
            """
        let server = try Program(Program.python, ["-c", script, path])
        #expect(await server.says("port"), "\(server.errors)")
        let port = server.errors.split(separator: " ").last ?? ""
        let (text, notes) = try await written([
            "--organization", "fabrikam.com", "--server", "mbx01.fabrikam.com", "--address", "mbx01.fabrikam.com=127.0.0.1:1",
            "--connect-to", "\(host):443=127.0.0.1:\(port)", "--ca-file", path + "/ca.pem", "--token-certificate", path + "/ca.pem",
            "--token-key", path + "/key.pem", "--client-id", "id: {x} # y",
        ])
        #expect(text.contains("endpoint: https://login.microsoftonline.com/fabrikam.com/oauth2/v2.0/token"), "\(text)")
        #expect(text.contains(#"clientId: "id: {x} # y""#), "\(text)")
        #expect(notes.contains("the token endpoint in the auth server's document is not an https URL"), "\(notes)")
        server.send(SIGKILL)
    }
}
