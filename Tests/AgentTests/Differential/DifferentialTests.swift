import FoundationEssentials
import TestSupport
import Testing

/// One module file, the same requests to Debian's blackbox_exporter and to the agent: what is not a time must agree.
@Suite struct DifferentialTests {
    private static let modules = """
        modules:
          http: { prober: http }
          http4: { prober: http, http: { preferred_ip_protocol: ip4 } }
          http6only: { prober: http, http: { preferred_ip_protocol: ip6, ip_protocol_fallback: false } }
          post: { prober: http, http: { method: POST, body: "a=1" } }
          head: { prober: http, http: { method: HEAD } }
          accept404: { prober: http, http: { valid_status_codes: [200, 404] } }
          only404: { prober: http, http: { valid_status_codes: [404] } }
          version11: { prober: http, http: { valid_http_versions: ["HTTP/1.1"] } }
          version2: { prober: http, http: { valid_http_versions: ["HTTP/2.0"] } }
          nofollow: { prober: http, http: { follow_redirects: false } }
          nofollow302: { prober: http, http: { follow_redirects: false, valid_status_codes: [302] } }
          ifssl: { prober: http, http: { fail_if_ssl: true } }
          ifnotssl: { prober: http, http: { fail_if_not_ssl: true } }
          bodygood: { prober: http, http: { fail_if_body_not_matches_regexp: ["all is (well|good)"] } }
          bodybad: { prober: http, http: { fail_if_body_not_matches_regexp: ["nowhere"] } }
          bodyforbidden: { prober: http, http: { fail_if_body_matches_regexp: ["is w"] } }
          headergood: { prober: http, http: { fail_if_header_not_matches: [{ header: X-Answer, regexp: "^forty" }] } }
          headerbad: { prober: http, http: { fail_if_header_matches: [{ header: X-Answer, regexp: "two$" }] } }
          headermissing: { prober: http, http: { fail_if_header_not_matches: [{ header: X-Nothing, regexp: "x" }] } }
          headerallowed: { prober: http, http: { fail_if_header_not_matches: [{ header: X-Nothing, regexp: "x", allow_missing: true }] } }
          headers: { prober: http, http: { headers: { X-Token: abc } } }
          basic: { prober: http, http: { basic_auth: { username: user, password: pass } } }
          bearer: { prober: http, http: { authorization: { credentials: sesame } } }
          gzip: { prober: http, http: { compression: gzip, headers: { Accept-Encoding: gzip } } }
          gzipalone: { prober: http, http: { compression: gzip } }
          small: { prober: http, http: { body_size_limit: 4B } }
          trusting: { prober: http, http: { tls_config: { ca_file: {dir}/root.pem } } }
          trusting1: { prober: http, http: { enable_http2: false, tls_config: { ca_file: {dir}/root.pem } } }
          insecure: { prober: http, http: { tls_config: { insecure_skip_verify: true } } }
          named: { prober: http, http: { tls_config: { ca_file: {dir}/root.pem, server_name: www.example.test } } }
          misnamed: { prober: http, http: { tls_config: { ca_file: {dir}/root.pem, server_name: www.wrong.test } } }
          path: { prober: http, http: { fail_if_body_not_matches_regexp: ["^/uri/%2F%7e%c3%a9[?]q=a%26b$"] } }
          percent: { prober: http, http: { fail_if_body_not_matches_regexp: ["^/uri/50%25$"] } }
          space: { prober: http, http: { fail_if_body_not_matches_regexp: ["^/uri/a%20b$"] } }
          user: { prober: http, http: { fail_if_body_not_matches_regexp: ["^Basic dXNlcjpwQHNz$"] } }
          short: { prober: http, timeout: 1s }
          tcp: { prober: tcp }
          tcp4: { prober: tcp, tcp: { preferred_ip_protocol: ip4 } }
          tcptls: { prober: tcp, tcp: { tls: true, tls_config: { ca_file: {dir}/root.pem } } }
          tcptlsdefault: { prober: tcp, tcp: { tls: true } }
          tcpinsecure: { prober: tcp, tcp: { tls: true, tls_config: { insecure_skip_verify: true } } }
          tcpshort: { prober: tcp, timeout: 1s, tcp: { query_response: [{ expect: "^hello" }] } }
          chat: { prober: tcp, tcp: { query_response: [{ expect: "^220 version (?P<number>[0-9.]+)" }, { send: "I read ${number}" }, { expect: "^250 you said" }, { send: QUIT }, { expect: "^221" }] } }
          chatbad: { prober: tcp, tcp: { query_response: [{ send: QUIT }, { expect: "^500" }] } }
          starttls: { prober: tcp, tcp: { query_response: [{ expect: "^220" }, { send: "EHLO me\\r" }, { expect: "^250 STARTTLS" }, { send: "STARTTLS\\r" }, { expect: "^220" }, { starttls: true }, { send: "EHLO me\\r" }, { expect: "^250 again" }, { send: "QUIT\\r" }], tls_config: { ca_file: {dir}/root.pem } } }
          soa: { prober: dns, dns: { query_name: example.test, query_type: SOA } }
          a: { prober: dns, dns: { query_name: www.example.test, query_type: A } }
          atcp: { prober: dns, dns: { query_name: www.example.test, query_type: A, transport_protocol: tcp } }
          mx: { prober: dns, dns: { query_name: example.test, query_type: MX } }
          any: { prober: dns, dns: { query_name: www.example.test } }
          nxdomain: { prober: dns, dns: { query_name: nothing.example.test, query_type: A } }
          nxallowed: { prober: dns, dns: { query_name: nothing.example.test, query_type: A, valid_rcodes: [NXDOMAIN] } }
          refused: { prober: dns, dns: { query_name: other.test, query_type: A } }
          answergood: { prober: dns, dns: { query_name: www.example.test, query_type: A, validate_answer_rrs: { fail_if_not_matches_regexp: ["^www\\\\.example\\\\.test\\\\.\\t3600\\tIN\\tA\\t127\\\\.0\\\\.0\\\\.1$"] } } }
          answerbad: { prober: dns, dns: { query_name: www.example.test, query_type: A, validate_answer_rrs: { fail_if_matches_regexp: ["127"] } } }
          authoritybad: { prober: dns, dns: { query_name: www.example.test, query_type: A, validate_authority_rrs: { fail_if_none_matches_regexp: ["nowhere"] } } }
          ds: { prober: dns, dns: { query_name: child.example.test, query_type: DS, validate_answer_rrs: { fail_if_not_matches_regexp: ["[ ]2BB183AF5F22588179A53B0A98631FAD1A292118$"] } } }
          sshfp: { prober: dns, dns: { query_name: ssh.example.test, query_type: SSHFP, validate_answer_rrs: { fail_if_not_matches_regexp: ["ABCDEF123456789$"] } } }
          https: { prober: dns, dns: { query_name: site.example.test, query_type: HTTPS, validate_answer_rrs: { fail_if_not_matches_regexp: ['\\t1 [.] alpn="h2,h3" port="8443" ipv4hint="192.0.2.1"$'] } } }
          dnsshort: { prober: dns, timeout: 1s, dns: { query_name: example.test } }
          icmp: { prober: icmp }
          icmp4: { prober: icmp, icmp: { preferred_ip_protocol: ip4 } }
          icmpsized: { prober: icmp, icmp: { payload_size: 200, ttl: 9 } }
          grpc: { prober: grpc, timeout: 2s, grpc: { preferred_ip_protocol: ip4 } }
        """

    private static let long = String(repeating: "x", count: 64) + ".invalid"

    /// A target as the value of a parameter, what stands for a port left alone.
    private static func encoded(_ target: String) -> String {
        target.utf8.map { byte in
            let isPlain = byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}") || byte > 0x60 && byte < 0x7B
            return isPlain ? String(UnicodeScalar(byte)) : "%" + String(0x100 + Int(byte), radix: 16).dropFirst()
        }.joined()
    }

    /// Module, target, further parameters.
    private static let requests: [(String, String, String)] = [
        ("http", "http://127.0.0.1:{http}/ok", ""), ("http", "127.0.0.1:{http}/ok", ""), ("http", "http://localhost:{http}/ok", ""),
        ("http4", "http://localhost:{http}/ok", ""), ("http6only", "http://127.0.0.1:{http}/ok", ""),
        ("http", "http://127.0.0.1:{http}/plain.txt", ""), ("http", "http://127.0.0.1:{http}/page.html", ""),
        ("http", "http://127.0.0.1:{http}/empty", ""), ("http", "http://127.0.0.1:{http}/created", ""),
        ("http", "http://127.0.0.1:{http}/missing", ""), ("http", "http://127.0.0.1:{http}/broken", ""),
        ("accept404", "http://127.0.0.1:{http}/missing", ""), ("only404", "http://127.0.0.1:{http}/ok", ""),
        ("http", "http://127.0.0.1:{http}/moved", ""), ("http", "http://127.0.0.1:{http}/moved308", ""),
        ("http", "http://127.0.0.1:{http}/loop", ""), ("nofollow", "http://127.0.0.1:{http}/moved", ""),
        ("nofollow302", "http://127.0.0.1:{http}/moved", ""), ("trusting", "http://127.0.0.1:{http}/totls", ""),
        ("post", "http://127.0.0.1:{http}/post", ""), ("http", "http://127.0.0.1:{http}/post", ""),
        ("post", "http://127.0.0.1:{http}/ok", ""),
        ("head", "http://127.0.0.1:{http}/ok", ""), ("version11", "http://127.0.0.1:{http}/ok", ""),
        ("version2", "http://127.0.0.1:{http}/ok", ""), ("ifssl", "http://127.0.0.1:{http}/ok", ""),
        ("ifnotssl", "http://127.0.0.1:{http}/ok", ""), ("bodygood", "http://127.0.0.1:{http}/ok", ""),
        ("bodybad", "http://127.0.0.1:{http}/ok", ""), ("bodyforbidden", "http://127.0.0.1:{http}/ok", ""),
        ("headergood", "http://127.0.0.1:{http}/ok", ""), ("headerbad", "http://127.0.0.1:{http}/ok", ""),
        ("headermissing", "http://127.0.0.1:{http}/ok", ""), ("headerallowed", "http://127.0.0.1:{http}/ok", ""),
        ("headers", "http://127.0.0.1:{http}/agent", ""), ("http", "http://127.0.0.1:{http}/agent", ""),
        ("basic", "http://127.0.0.1:{http}/login", ""), ("http", "http://127.0.0.1:{http}/login", ""),
        ("bearer", "http://127.0.0.1:{http}/bearer", ""), ("http", "http://user:pass@127.0.0.1:{http}/login", ""),
        ("gzip", "http://127.0.0.1:{http}/page.html", ""), ("gzipalone", "http://127.0.0.1:{http}/page.html", ""),
        ("small", "http://127.0.0.1:{http}/page.html", ""),
        ("path", encoded("http://127.0.0.1:{http}/uri/%2F%7e%c3%a9?q=a%26b"), ""),
        ("percent", encoded("http://127.0.0.1:{http}/uri/50%25"), ""),
        ("percent", "http://127.0.0.1:{http}/uri/50%25", ""), ("space", "http://127.0.0.1:{http}/uri/a+b", ""),
        ("space", "http://127.0.0.1:{http}/uri/a%20b", ""), ("http", encoded("http://127.0.0.1:{http}/uri/a/../b/./c//d"), ""),
        ("http", encoded("http://127.0.0.1:{http}/uri/\"<>{}|^`\\~;:@&=+$"), ""),
        ("http", encoded("http://127.0.0.1:{http}/uri/'()*,;:@&=+$!~[]"), ""), ("http", "http://127.0.0.1:{http}/uri/a;b", ""),
        ("http", encoded("http://127.0.0.1:{http}/uri/?q=\"<>[]{}|^`'()*,;:@&=+$!~/?\\"), ""),
        ("http", encoded("http://127.0.0.1:{http}/uri/é?e#part"), ""), ("http", "http://127.0.0.1:{http}/uri/%zz", ""),
        ("http", encoded("http://127.0.0.1:{http}/uri/bad%zz"), ""), ("http", encoded("http://127.0.0.1:{http}/uri/?bad=%zz"), ""),
        ("http", encoded("http%3A%2F%2F127.0.0.1:{http}%2Furi"), ""),
        ("user", encoded("http://user:p%40ss@127.0.0.1:{http}/user"), ""), ("user", "http://user:p%40ss@127.0.0.1:{http}/user", ""),
        ("http", "http://127.0.0.1:{http}/uri/one&target=http://127.0.0.1:{closed}/", ""),
        ("http", "http://127.0.0.1:{closed}/", ""), ("short", "http://127.0.0.1:{silent}/", ""), ("http", "http://127.0.0.1:{reset}/", ""),
        ("http", "http://\(long)/", ""), ("http", "http://127.0.0.1:{http}/host", "&hostname=virtual.example.test"),
        ("http", "https://127.0.0.1:{tls}/ok", ""), ("trusting", "https://127.0.0.1:{tls}/ok", ""),
        ("trusting", "https://localhost:{tls}/ok", ""), ("trusting", "https://127.0.0.1:{tls2}/ok", ""),
        ("trusting1", "https://127.0.0.1:{tls2}/ok", ""), ("version2", "http://127.0.0.1:{tls2}/ok", ""),
        ("ifssl", "https://127.0.0.1:{tls}/ok", ""), ("insecure", "https://127.0.0.1:{selfsigned}/", ""),
        ("insecure", "https://127.0.0.1:{expired}/", ""), ("trusting", "https://127.0.0.1:{expired}/", ""),
        ("trusting", "https://127.0.0.1:{wrongname}/", ""), ("trusting", "https://127.0.0.1:{selfsigned}/", ""),
        ("named", "https://127.0.0.1:{tls}/ok", ""), ("misnamed", "https://127.0.0.1:{tls}/ok", ""),
        ("trusting", "https://127.0.0.1:{http}/ok", ""),
        ("tcp", "127.0.0.1:{chat}", ""), ("tcp", "localhost:{chat}", ""), ("tcp4", "localhost:{chat}", ""),
        ("tcp", "127.0.0.1:{closed}", ""),
        ("tcp", "127.0.0.1", ""), ("tcp", "\(long):25", ""), ("chat", "127.0.0.1:{chat}", ""), ("chatbad", "127.0.0.1:{chat}", ""),
        ("tcpshort", "127.0.0.1:{silent}", ""), ("starttls", "127.0.0.1:{starttls}", ""), ("tcptls", "127.0.0.1:{tls}", ""),
        ("tcptls", "localhost:{tls}", ""), ("tcptlsdefault", "127.0.0.1:{tls}", ""), ("tcptls", "127.0.0.1:{expired}", ""),
        ("tcptls", "127.0.0.1:{wrongname}", ""), ("tcpinsecure", "127.0.0.1:{selfsigned}", ""), ("tcptls", "127.0.0.1:{chat}", ""),
        ("soa", "127.0.0.1:{dns}", ""), ("a", "127.0.0.1:{dns}", ""), ("atcp", "127.0.0.1:{dns}", ""), ("mx", "127.0.0.1:{dns}", ""),
        ("any", "127.0.0.1:{dns}", ""), ("nxdomain", "127.0.0.1:{dns}", ""), ("nxallowed", "127.0.0.1:{dns}", ""),
        ("refused", "127.0.0.1:{dns}", ""), ("answergood", "127.0.0.1:{dns}", ""), ("answerbad", "127.0.0.1:{dns}", ""),
        ("authoritybad", "127.0.0.1:{dns}", ""), ("ds", "127.0.0.1:{dns}", ""), ("sshfp", "127.0.0.1:{dns}", ""),
        ("https", "127.0.0.1:{dns}", ""), ("a", "127.0.0.1:{closed}", ""), ("atcp", "127.0.0.1:{closed}", ""),
        ("a", "\(long)", ""), ("dnsshort", "127.0.0.1:{silent}", ""),
        ("icmp", "127.0.0.1", ""), ("icmp", "localhost", ""), ("icmp4", "localhost", ""), ("icmpsized", "127.0.0.1", ""),
        ("icmp", "\(long)", ""), ("icmp", "::1", ""),
        ("grpc", "127.0.0.1:{closed}", ""), ("grpc", "127.0.0.1:{chat}", ""),
        ("nope", "127.0.0.1", ""), ("tcp", "", ""),
    ]

    /// Ours alone: newer than Debian's exporter (`probe_timeout_seconds`, `probe_tls_cipher_info`, `probe_failed_due_to_bytes`), or our own.
    private static let oursAlone = [
        "probe_result_type", "probe_reason_info", "probe_stage_duration_seconds", "probe_certificate_", "probe_timeout_seconds",
        "probe_tls_cipher_info", "probe_failed_due_to_bytes",
    ]

    private static func isTime(_ series: String) -> Bool {
        series.hasPrefix("probe_dns_lookup_time_seconds") || series.contains("_duration_seconds")
    }

    /// What the agent alone tells of certificates: those that did not verify, their serial numbers and addresses.
    private static func comparable(_ answer: ExporterPair.Answer, failedTLS: Bool) -> [String: Double] {
        var comparable: [String: Double] = [:]
        for (series, value) in answer.series {
            if oursAlone.contains(where: { series.hasPrefix($0) }) { continue }
            if failedTLS, series.hasPrefix("probe_ssl_") { continue }
            // A time that is not known is absent here, and the year 1 there.
            if series.hasPrefix("probe_ssl_last_chain_expiry"), value < 0 { continue }
            // A peer that speaks no gRPC is DEADLINE_EXCEEDED in 0.23, UNAVAILABLE in 0.26.
            let isUnspoken = series == "probe_grpc_status_code" && [4, 14].contains(value)
            comparable[normal(series)] = isTime(series) ? 0 : isUnspoken ? 14 : value
        }
        return comparable
    }

    private static func normal(_ series: String) -> String {
        guard series.hasPrefix("probe_ssl_last_chain_info"), let open = series.firstIndex(of: "{") else { return series }
        let kept = series[series.index(after: open)...].dropLast().replacing("\",", with: "\"\n").split(separator: "\n").compactMap {
            label -> String? in
            if label.hasPrefix("serialnumber=") { return nil }
            guard label.hasPrefix("subjectalternative=") else { return String(label) }
            let names = label.dropFirst("subjectalternative=\"".count).dropLast().split(separator: ",")
            return "subjectalternative=\"" + names.filter(isName).joined(separator: ",") + "\""
        }
        return series[..<open] + "{" + kept.joined(separator: ",") + "}"
    }

    private static func isName(_ text: Substring) -> Bool { !text.allSatisfy { $0.isNumber || ".:".contains($0) } }

    @Test("status, error text, names, labels and values agree with blackbox_exporter's, in over a hundred requests")
    func agree() async throws {
        let targets = try await ProbeTargets()
        let pair = try await ExporterPair(modules: targets.filled(Self.modules), in: targets.directory)
        var differences: [String] = []
        for (module, written, more) in Self.requests {
            let target = targets.filled(written)
            let query = "module=\(module)" + (target.isEmpty ? "" : "&target=\(target)") + more
            let (theirs, ours) = try await pair.ask(query)
            for difference in Self.compare(theirs, ours) { differences.append("\(module) \(written)\(more): \(difference)") }
        }
        #expect(Self.requests.count >= 60)
        #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
    }

    @Test("a scrape timeout that is no number is refused alike, a short one cuts the run short")
    func header() async throws {
        let targets = try await ProbeTargets()
        let pair = try await ExporterPair(modules: targets.filled(Self.modules), in: targets.directory)
        let (theirs, ours) = try await pair.ask("module=tcp&target=127.0.0.1:1", header: "soon")
        #expect(theirs.status == 500 && ours.status == 500)
        let beginning = "Failed to parse timeout from Prometheus header: "
        #expect(theirs.body.hasPrefix(beginning) && ours.body.hasPrefix(beginning))
        let (slow, cut) = try await pair.ask(targets.filled("module=http&target=http://127.0.0.1:{silent}/"), header: "1")
        #expect(slow.series["probe_success"] == 0 && cut.series["probe_success"] == 0)
        #expect((0.4...0.9).contains(cut.series["probe_duration_seconds"] ?? 0), "\(cut.series)")
    }

    private static func compare(_ theirs: ExporterPair.Answer, _ ours: ExporterPair.Answer) -> [String] {
        guard theirs.status == ours.status else { return ["status \(theirs.status) there, \(ours.status) here: \(ours.body.prefix(200))"] }
        guard theirs.status == 200 else {
            let (a, b) = (theirs.body.split(separator: "\n").first ?? "", ours.body.split(separator: "\n").first ?? "")
            return a == b ? [] : ["'\(a)' there, '\(b)' here"]
        }
        let failedTLS = !theirs.series.keys.contains { $0.hasPrefix("probe_ssl_last_chain_info") }
        let (a, b) = (comparable(theirs, failedTLS: failedTLS), comparable(ours, failedTLS: failedTLS))
        var differences: [String] = []
        for series in Set(a.keys).union(b.keys).sorted() where a[series] != b[series] {
            let (here, there) = (b[series].map { "\($0)" } ?? "absent", a[series].map { "\($0)" } ?? "absent")
            differences.append("\(series) is \(there) there, \(here) here")
        }
        return differences
    }
}
