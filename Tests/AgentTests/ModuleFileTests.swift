import FoundationEssentials
import TestSupport
import Testing

/// Module files as people write them: what blackbox_exporter takes is taken, and what is wrong is told with its place.
@Suite struct ModuleFileTests {
    private static func check(_ text: String) async throws -> Program.Ended {
        let directory = try TemporaryDirectory()
        let file = try directory.write("m.yml", text)
        let configuration = try directory.write("agent.yaml", "stateDirectory: state\n")
        try directory.write("probes/p.yaml", "healthSet: A\nname: B\nkind: key-size\nenabled: false\n")
        let arguments = ["check", "--config", configuration, "--probes", directory.path + "/probes", "--modules", file]
        var ended = try await Program.run(AgentSite.executable, arguments)
        ended.errors = ended.errors.replacing(directory.path + "/", with: "")
        return ended
    }

    /// A module's lines, and what the error in them must hold.
    static let bad: [(module: String, place: String, words: [String])] = [
        ("prober: invalid", "3:13", ["prober 'invalid' is not valid"]), ("timeout: 5s", "3:5", ["needs 'prober'"]),
        ("prober: htp", "3:13", ["did you mean 'http'?"]), ("prober: http\n    extra: 1", "4:5", ["unknown key 'extra'"]),
        ("prober: http\n    http: { extra: 1 }", "4:13", ["unknown key 'extra'"]),
        ("prober: http\n    timeout: soon", "4:14", ["'timeout'", "a duration"]),
        ("prober: http\n    http: { body: a, body_file: b }", "4", ["body_file"]),
        ("prober: http\n    http: { valid_status_codes: [two] }", "4:34", ["'valid_status_codes'", "'two'"]),
        ("prober: http\n    http: { valid_http_versions: [HTTP/9] }", "4", ["'valid_http_versions'", "HTTP/9"]),
        ("prober: http\n    http: { fail_if_body_matches_regexp: [\"(\"] }", "4", ["fail_if_body_matches_regexp"]),
        ("prober: http\n    http: { fail_if_body_not_matches_regexp: [\"a[\"] }", "4", ["fail_if_body_not_matches_regexp"]),
        ("prober: http\n    http: { fail_if_header_matches: [{ regexp: x }] }", "4", ["header"]),
        ("prober: http\n    http: { fail_if_header_not_matches: [{ header: X }] }", "4", ["regexp"]),
        ("prober: http\n    http: { compression: zip }", "4:26", ["gzip"]),
        ("prober: http\n    http: { compression: gzip, headers: { Accept-Encoding: br } }", "4", ["Accept-Encoding"]),
        ("prober: http\n    http: { body_size_limit: many }", "4:30", ["body_size_limit"]),
        ("prober: http\n    http: { basic_auth: { username: a }, bearer_token: b }", "4", ["bearer_token"]),
        ("prober: http\n    http: { basic_auth: { password: a, password_file: b } }", "4", ["password_file"]),
        ("prober: http\n    http: { preferred_ip_protocol: ip5 }", "4:36", ["ip4"]),
        ("prober: http\n    http: { tls_config: { min_version: TLS13, max_version: TLS12 } }", "4", ["max_version"]),
        ("prober: http\n    http: { tls_config: { min_version: SSL3 } }", "4", ["TLS10"]),
        ("prober: http\n    http: { tls_config: { cert_file: only.pem } }", "4", ["key_file"]),
        ("prober: tcp\n    tcp: { query_response: [{ expect: \"(\" }] }", "4", ["'expect'"]),
        ("prober: tcp\n    tcp: { query_response: [{ expect: a, expect_bytes: b }] }", "4", ["expect_bytes"]),
        ("prober: tcp\n    tcp: { query_response: [{ receive: a }] }", "4", ["unknown key 'receive'"]),
        ("prober: tcp\n    tcp: { query_response: [{ expect: a, labels: [{ name: a-b, value: x }] }] }", "4:59", ["'a-b'", "label"]),
        ("prober: unix\n    unix: { query_response: [{ expect: a, labels: [{ name: __a, value: x }] }] }", "4:60", ["'__a'"]),
        ("prober: tcp\n    tcp: { query_response: [{ expect: a, labels: [{ name: a }, { name: a }] }] }", "4:72", ["'a'", "duplicate"]),
        ("prober: tcp\n    tcp: { query_response: [{ expect: a, labels: [{ name: \"\", value: x }] }] }", "4", ["label"]),
        ("prober: tcp\n    tcp: { source_ip_address: here }", "4", ["source_ip_address"]),
        ("prober: http\n    tcp: { query_response: [{ expect: \"(\" }] }", "4", ["'expect'"]),
        ("prober: dns", "3", ["query_name"]), ("prober: dns\n    dns: { query_type: A }", "4", ["query_name"]),
        ("prober: dns\n    dns: { query_name: a, query_type: WHAT }", "4", ["query_type"]),
        ("prober: dns\n    dns: { query_name: a, query_class: XX }", "4", ["query_class"]),
        ("prober: dns\n    dns: { query_name: a, valid_rcodes: [FINE] }", "4", ["FINE"]),
        ("prober: dns\n    dns: { query_name: a, transport_protocol: http }", "4", ["transport_protocol"]),
        (
            "prober: dns\n    dns: { query_name: a, validate_answer_rrs: { fail_if_matches_regexp: [\"(\"] } }", "4",
            ["fail_if_matches_regexp"]
        ),
        ("prober: icmp\n    icmp: { ttl: 256 }", "4:18", ["'ttl'", "255"]), ("prober: icmp\n    icmp: { ttl: -1 }", "4:18", ["'ttl'"]),
        ("prober: grpc\n    grpc: { extra: 1 }", "4", ["unknown key 'extra'"]),
        ("prober: unix\n    unix: { extra: 1 }", "4", ["unknown key 'extra'"]),
        ("prober: websocket\n    websocket: { extra: 1 }", "4", ["unknown key 'extra'"]),
    ]

    @Test("what is wrong in a module is told with its line and the key", arguments: bad)
    func refused(module: String, place: String, words: [String]) async throws {
        let ended = try await Self.check("modules:\n  it:\n    \(module)\n")
        #expect(ended.status == 2, "\(ended.errors)")
        #expect(ended.errors.contains("m.yml:\(place):") && ended.errors.contains(": error: "), "\(ended.errors)")
        for word in words { #expect(ended.errors.contains(word), "\(ended.errors)") }
    }

    @Test("a whole file in blackbox_exporter's own manner has nothing to say: binary data, merged defaults, compound durations")
    func good() async throws {
        let ended = try await Self.check(
            """
            modules:
              http_2xx: &defaults
                prober: http
                timeout: 1m30s
                http: { valid_http_versions: ["HTTP/1.1", "HTTP/2.0"], method: GET, body_size_limit: 10MB, follow_redirects: true }
              http_post_2xx: { prober: http, http: { method: POST, headers: { Content-Type: application/json }, body: '{}' } }
              merged: { <<: *defaults, timeout: 500ms }
              tcp_connect: { prober: tcp }
              pop3s_banner: { prober: tcp, tcp: { query_response: [{ expect: "^+OK" }], tls: true, tls_config: { insecure_skip_verify: false } } }
              postgres: { prober: tcp, tcp: { query_response: [{ send: !!binary AAAACATSFi8= }, { expect_bytes: "S" }, { starttls: true }] } }
              irc: { prober: tcp, tcp: { query_response: [{ send: NICK prober }, { expect: "PING :([^ ]+)", send: "PONG ${1}" }, { expect: "^:[^ ]+ 001" }] } }
              icmp: { prober: icmp, icmp: { ttl: 5, payload_size: 64, dont_fragment: true } }
              soa: { prober: dns, dns: { query_name: example.test, query_type: SOA, valid_rcodes: [NOERROR] } }
              grpc: { prober: grpc, grpc: { service: a.b, tls: true } }
              unix: { prober: unix }
              websocket: { prober: websocket }

            """)
        #expect(ended.status == 0 && ended.errors.isEmpty, "\(ended.errors)")
    }

    @Test("the file that Debian ships with blackbox_exporter is taken as it is")
    func debian() async throws {
        let text = String(decoding: try Data(contentsOf: URL(filePath: "/etc/prometheus/blackbox.yml")), as: UTF8.self)
        let ended = try await Self.check(text)
        #expect(ended.status == 0 && ended.errors.isEmpty, "\(ended.errors)")
    }
}
