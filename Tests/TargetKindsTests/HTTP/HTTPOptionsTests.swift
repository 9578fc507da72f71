import FoundationEssentials
import Probing
import Testing
import Transfers

@testable import TargetKinds

/// Which options are taken, and what is said of the others.
@Suite struct HTTPOptionsTests {
    private let site: HTTPSite

    init() throws { site = try HTTPSite() }

    @Test(
        "a mistake is refused, and the sentence names it",
        arguments: [
            ("nope: 1", "unknown key 'nope'"), ("valid_status_codes: 200", "'valid_status_codes' must be a list"),
            ("valid_status_codes: [abc]", "'valid_status_codes'"), ("valid_http_versions: [HTTP/9]", "HTTP/1.1"),
            ("method: 'GE T'", "'method' must be one word"), ("body_size_limit: 10", "10MB"), ("body_size_limit: 10mb", "10MB"),
            ("body_size_limit: 10 MB", "10MB"), ("body_size_limit: 99999999EB", "10MB"),
            ("compression: lzw", "'compression' must be one of"),
            ("{ compression: gzip, headers: { accept-encoding: identity } }", "contradict each other"),
            ("{ compression: gzip, headers: { Accept-Encoding: 'br, gzip;q=0' } }", "contradict each other"),
            ("{ body: a, body_file: b }", "'body' and 'body_file' are mutually exclusive"),
            ("fail_if_body_matches_regexp: ['(']", "is not a valid regular expression"),
            ("fail_if_header_matches: [{ header: a }]", "needs 'regexp'"), ("fail_if_header_matches: [{ regexp: a }]", "needs 'header'"),
            ("fail_if_body_json_matches_cel: 'body.a =='", "the expression ends too early (column 10)"),
            ("fail_if_body_json_not_matches_cel: 'other.a'", "unknown name 'other'; known names: body (column 1)"),
            ("{ proxy_from_environment: true, proxy_url: 'http://a' }", "'proxy_url' and 'proxy_from_environment'"),
            (
                "{ windows_auth: { scheme: ntlm, username: a, password: b }, headers: { Authorization: c } }",
                "'Authorization' are mutually exclusive"
            ),
            ("proxy_url: proxy:3128", "http://proxy:3128"), ("no_proxy: a", "'no_proxy' needs 'proxy_url'"),
            ("proxy_connect_header: { A: [b] }", "'proxy_connect_header' needs 'proxy_url'"),
            ("headers: { 'A b': c }", "header 'A b' cannot be sent"), ("headers: { A: \"b\\r\\nC: d\" }", "header 'A' cannot be sent"),
            ("http_headers: { Authorization: { values: [a] } }", "cannot set 'Authorization'"),
            ("http_headers: { A: { secrets: [\"a\\nb\"] } }", "header 'A' cannot be sent"),
            ("http_headers: { A: { value: [b] } }", "'value'"),
            ("basic_auth: { username: a, password: b, password_file: c }", "'password' and 'password_file' are mutually exclusive"),
            ("{ basic_auth: { username: a }, bearer_token: b }", "'basic_auth' and 'bearer_token' are mutually exclusive"),
            (
                "{ authorization: { credentials: a }, oauth2: { client_id: a, client_secret: b, token_url: 'http://c' } }",
                "are mutually exclusive"
            ),
            ("authorization: { type: Basic, credentials: a }", "use 'basic_auth'"),
            ("oauth2: { client_id: a, token_url: 'http://c' }", "'client_secret'"),
            ("oauth2: { client_id: a, client_secret: b }", "'token_url'"),
            ("oauth2: { client_secret: b, token_url: 'http://c' }", "'client_id'"),
            ("oauth2: { client_id: a, client_secret: b, token_url: 'ftp://c' }", "an http or https URL"),
            ("windows_auth: { username: a, password: b }", "'scheme' is required"),
            ("windows_auth: { scheme: basic, username: a, password: b }", "'scheme' must be one of"),
            ("windows_auth: { scheme: ntlm, password: b }", "'username' is required"),
            ("windows_auth: { scheme: negotiate, username: a }", "'password', 'password_file', 'keytab'"),
            ("windows_auth: { scheme: negotiate, username: a, password: b, keytab: /c }", "'password', 'password_file', 'keytab'"),
            ("windows_auth: { scheme: ntlm, username: a, keytab: /c }", "'keytab' is for 'scheme: negotiate'"),
            ("{ windows_auth: { scheme: ntlm, username: a, password: b }, bearer_token: c }", "are mutually exclusive"),
            ("proxy_windows_auth: { scheme: ntlm, username: a, password: b }", "'proxy_windows_auth' needs 'proxy_url'"),
            (
                "{ proxy_url: 'socks5://p:1080', proxy_windows_auth: { scheme: ntlm, username: a, password: b } }",
                "'proxy_windows_auth' needs an http:// proxy"
            ),
            ("preferred_ip_protocol: ip5", "ip4, ip6"), ("tls_config: { min_version: TLS13, max_version: TLS12 }", "'max_version'"),
            ("tls_config: { ca_file: /nowhere }", "/nowhere"), ("tls_config: { cert_file: /a }", "'key_file'"),
        ])
    func refused(options: String, words: String) throws {
        let error = #expect(throws: HTTPSite.Refused.self) { try site.options(options) }
        #expect(error?.sentences.contains { $0.contains(words) } == true, "\(error?.sentences ?? [])")
    }

    @Test(
        "what means nothing is taken",
        arguments: [
            "{}", "enable_http3: no", "proxy_from_environment: true", "follow_redirects: off", "valid_http_versions: [HTTP/2]",
            "compression: ''", "valid_http_versions: [HTTP/3.0]",
            "body_size_limit: 0", "{ compression: gzip, headers: { Accept-Encoding: '*' } }", "basic_auth: {}",
            "{ follow_redirects: false, body: '', body_file: '' }",
        ])
    func accepted(options: String) throws { #expect(try site.options(options).warnings.isEmpty) }

    @Test("the deprecated way to refuse redirects is taken, with a warning")
    func deprecated() throws {
        let (options, warnings) = try site.options("no_follow_redirects: true")
        #expect(!options.followsRedirects && warnings.count == 1)
    }

    @Test(
        "amounts of bytes, where K is 1024",
        arguments: [
            ("0", 0), ("4B", 4), ("1KB", 1024), ("1KiB", 1024), ("1.5KB", 1536), ("10MB", 10 << 20), ("1GB512MB", 1536 << 20),
            ("1EiB", 1 << 60),
            ("", nil), ("10", nil), ("KB", nil), ("1 KB", nil), ("1k", nil), ("-1B", nil), ("16EB", nil),
        ] as [(String, Int?)])
    func sizes(text: String, bytes: Int?) { #expect(ByteSize.parse(text) == bytes) }

    @Test("the guide names every option that is accepted, each once, and no other")
    func guide() throws {
        let named = site.kind.guide.options.map(\.name)
        let error = #expect(throws: HTTPSite.Refused.self) { try site.options("nope: 1") }
        let sentence = try #require(error?.sentences.first)
        let list = try #require(sentence.split(separator: "known keys: ").last)
        #expect(sentence.hasPrefix("unknown key 'nope'"), "\(sentence)")
        #expect(list.split(separator: ", ").map(String.init).sorted() == named.sorted())
    }

    @Test("HTTP/3 is used where libcurl has it, and refused where it has not")
    func http3() throws {
        guard ExchangeRequest.Version.http3Only.isAvailable else {
            let error = #expect(throws: HTTPSite.Refused.self) { try site.options("enable_http3: true") }
            #expect(error?.sentences.contains { $0.contains("the installed libcurl has no HTTP/3") } == true, "\(error?.sentences ?? [])")
            return
        }
        #expect(try site.options("enable_http3: true").options.version == .http3Only)
    }

    @Test("a caller of an agent may set these options and no others: none reads a file, holds a secret or chooses a host")
    func settable() {
        let settable = site.kind.guide.options.filter(\.settableThroughAgent).map(\.name)
        #expect(
            Set(settable) == [
                "valid_status_codes", "valid_http_versions", "method", "body", "body_size_limit", "compression", "follow_redirects",
                "no_follow_redirects", "fail_if_ssl", "fail_if_not_ssl", "fail_if_body_matches_regexp", "fail_if_body_not_matches_regexp",
                "fail_if_body_json_matches_cel",
                "fail_if_body_json_not_matches_cel",
                "enable_http2", "enable_http3", "preferred_ip_protocol", "ip_protocol_fallback",
            ])
    }
}
