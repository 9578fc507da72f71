import TestSupport
import Testing

/// exporter-toolkit's table of web configurations that must not start: each is refused by `agent check` and `agent run`, with its place.
@Suite struct WebStartTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// `TLS` stands for a server configuration with certificate and key.
        var configuration: String
        /// What the error says; empty where the configuration is taken.
        var words: String

        init(_ name: String, _ configuration: String, _ words: String = "") {
            (testDescription, self.configuration, self.words) = (name, configuration, words)
        }
    }

    static let tls = "tls_server_config:\n  cert_file: CERTIFICATES/server.pem\n  key_file: CERTIFICATES/server.key\n"

    static let rows = [
        Row("empty", ""), Row("only a comment", "# nothing\n"),
        Row("invalid structure", "hWkNKCp3fvIx3jKnsaBI\nTuEjdwNS8A2vYdFbiKqr\n", "must be a mapping"),
        Row(
            "invalid key", "tls_server_confi: {}\n", "web.yml:1:1: error: unknown key 'tls_server_confi', did you mean 'tls_server_config'?"
        ),
        Row(
            "no certificate file", "tls_server_config:\n  cert_file: ''\n  key_file: CERTIFICATES/server.key\n",
            "'cert_file' is required for TLS"),
        Row(
            "no certificate text", "tls_server_config:\n  cert: ''\n  key_file: CERTIFICATES/server.key\n",
            "'cert_file' is required for TLS"),
        Row(
            "no key file", "tls_server_config:\n  cert_file: CERTIFICATES/server.pem\n  key_file: ''\n", "'key_file' is required for TLS"),
        Row("no key text", "tls_server_config:\n  cert_file: CERTIFICATES/server.pem\n  key: ''\n", "'key_file' is required for TLS"),
        Row("clients alone", "tls_server_config:\n  client_auth_type: RequireAnyClientCert\n", "'cert_file' is required for TLS"),
        Row(
            "certificate file that is not there", "tls_server_config:\n  cert_file: none.pem\n  key_file: CERTIFICATES/server.key\n",
            "web.yml:2:14: error: 'cert_file': "),
        Row(
            "key file that is not there", "tls_server_config:\n  cert_file: CERTIFICATES/server.pem\n  key_file: none.key\n",
            "none.key: there is no such file"),
        Row(
            "certificate that is none", "tls_server_config:\n  cert: hello\n  key_file: CERTIFICATES/server.key\n",
            "'cert_file': no PEM certificate"),
        Row(
            "key that is none", "tls_server_config:\n  cert_file: CERTIFICATES/server.pem\n  key: hello\n",
            "'key_file': no usable private key"),
        Row(
            "key of another certificate", "tls_server_config:\n  cert_file: CERTIFICATES/server.pem\n  key_file: CERTIFICATES/client.key\n",
            "do not belong together"),
        Row("roots of clients who are not asked", tls + "  client_ca_file: /dev/null\n", "a device"),
        Row(
            "roots of clients, without a policy", tls + "  client_ca_file: CERTIFICATES/root.pem\n",
            "'client_ca_file' needs 'client_auth_type: RequireAndVerifyClientCert'"),
        Row(
            "names of clients who are not asked", tls + "  client_allowed_sans: [a]\n",
            "'client_allowed_sans' needs 'client_auth_type: RequireAndVerifyClientCert'"),
        Row(
            "roots without a certificate",
            tls + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: CERTIFICATES/server.key\n",
            "'client_ca_file' contains no PEM certificate"),
        Row(
            "hash that takes hours", "basic_auth_users: { john: $2y$31$PY5Sqt6XaldB2.JKzk2BFu/9oJV.envJLIJTtms/hRui68y3GwRtS }\n",
            "is not a bcrypt hash of cost 4 to 16"),
        Row("invented policy", tls + "  client_auth_type: Sometimes\n", "'client_auth_type' must be one of NoClientCert"),
        Row(
            "roots that are not there", tls + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: none.pem\n",
            "none.pem: there is no such file"),
        Row(
            "invented cipher suite", tls + "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA25]\n",
            "did you mean TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256?"),
        Row("invented curve", tls + "  curve_preferences: [CurveP257]\n", "'curve_preferences' must be one of CurveP256"),
        Row("wrong version", tls + "  min_version: TLS111\n", "'min_version' must be one of TLS10, TLS11, TLS12, TLS13"),
        Row("versions the wrong way round", tls + "  min_version: TLS13\n  max_version: TLS12\n", "'max_version' must not be lower"),
        Row(
            "no cipher suite of HTTP/2", tls + "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]\n",
            "lacks one that HTTP/2 requires"),
        Row(
            "the same without HTTP/2",
            tls + "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]\nhttp_server_config: { http2: false }\n"),
        Row("password that is no hash", tls + "basic_auth_users:\n  john: doe\n", "the value of 'john' is not a bcrypt hash"),
        Row("hash that is too short", "basic_auth_users: { john: $2y$10$abc }\n", "the value of 'john' is not a bcrypt hash"),
        Row(
            "hash of another kind", "basic_auth_users: { john: $6$abc$uQMQM4XgqFkCG6gFAIJZuQMQM4XgqFkCG6gFAIJZuQMQM4XgqFkCG6gFAIJZ }\n",
            "is not a bcrypt hash"),
        Row("user with a colon", "basic_auth_users: { 'a:b': x }\n", "must not be empty or contain a colon"),
        Row("header that may not be set", "http_server_config: { headers: { X-Custom: a } }\n", "'X-Custom' cannot be set"),
        Row(
            "invented frame option", "http_server_config: { headers: { X-Frame-Options: maybe } }\n",
            "'X-Frame-Options' must be deny or sameorigin"),
        Row(
            "invented content type option", "http_server_config: { headers: { X-Content-Type-Options: sniff } }\n",
            "'X-Content-Type-Options' must be nosniff"),
        Row("path that always needs a login", "auth_excluded_paths: [/metrics]\n", "may name /-/healthy and /-/ready only"),
        Row("limit that is no time", "rate_limit: { interval: often }\n", "'interval'"),
        Row("all that there is", tls + WebSite.users + "rate_limit: { interval: 1s, burst: 20 }\nauth_excluded_paths: [/-/healthy]\n"),
    ]

    @Test("each configuration is refused with its place and its remedy, or taken", arguments: rows)
    func row(row: Row) async throws {
        let site = try await WebSite()
        try site.write(row.configuration)
        let ended = try await site.agent("check")
        #expect(ended.status == (row.words.isEmpty ? 0 : 2) && ended.errors.contains(row.words), "\(ended)")
        #expect(!row.words.isEmpty || !ended.errors.contains("web.yml"), "\(ended)")
        #expect(!ended.errors.contains("john: doe") && !ended.errors.contains("$2y$"), "\(ended)")
    }

    @Test("a file that is not there, or that cannot be used, keeps the agent from starting")
    func start() async throws {
        let site = try await WebSite()
        for configuration in [nil, "tls_server_config: { cert: hello, key: hello }\n"] {
            if let configuration { try site.write(configuration) }
            let ended = try await site.agent("run")
            #expect(ended.status == 2 && ended.errors.contains("web.yml"), "\(ended)")
        }
    }
}
