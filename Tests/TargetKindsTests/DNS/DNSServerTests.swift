import Addresses
import Certificates
import Probing
import Testing

@testable import TargetKinds

/// Real name servers, over UDP, TCP and TLS.
@Suite(.nameServers) struct DNSServerTests {
    typealias Transport = NameServers.Transport

    private func ask(_ module: DNSModule, _ transport: Transport = .udp) async throws -> DNSRun {
        let servers = try NameServers.required()
        return try await module.with(servers.options(transport)).run(servers.target(transport))
    }

    // MARK: Answers

    @Test("what a server answers is counted by section and timed by phase", arguments: Transport.allCases)
    func facts(transport: Transport) async throws {
        let run = try await ask(["query_name": "mail.fabrikam.test", "query_type": "A"], transport)
        #expect(run.reason == nil && run.counts == [2, 2, 3], "\(run)")
        #expect(run.stages == (transport == .tls ? "resolve connect tls endpoint" : "resolve connect endpoint"))
        let facts = try #require(run.facts)
        #expect(facts.isAnswered && !facts.asksForSerial && facts.serial == nil)
        #expect(facts.phases.keys.count == 3 && facts.phases.values.allSatisfy { $0 > .zero })
        #expect(run.resolution?.address == NetworkAddress("127.0.0.1"))
        #expect((run.tls != nil) == (transport == .tls))
    }

    /// blackbox_exporter 0.23 writes the same texts.
    @Test(
        "a record is compared as text: name, TTL, class, type and data, with tabs between them",
        arguments: [
            ("A", "mail", #"mail\.fabrikam\.test\.\t3600\tIN\tA\t192\.0\.2\.1[01]"#),
            ("A", "MAIL", #"(?i:mail)\.fabrikam\.test\.\t3600\tIN\tA\t192\.0\.2\.1[01]"#),
            ("AAAA", "mail", #"mail\.fabrikam\.test\.\t3600\tIN\tAAAA\t2001:db8::10"#),
            ("MX", "", #"fabrikam\.test\.\t3600\tIN\tMX\t10 mail\.fabrikam\.test\."#),
            ("TXT", "", #"fabrikam\.test\.\t3600\tIN\tTXT\t"v=spf1 -all" "two \\"quoted\\" st;ring""#),
            (
                "SOA", "",
                #"fabrikam\.test\.\t3600\tIN\tSOA\tns1\.fabrikam\.test\. hostmaster\.fabrikam\.test\. 2024010203 7200 900 1209600 300"#
            ),
            ("NS", "", #"fabrikam\.test\.\t3600\tIN\tNS\tns[12]\.fabrikam\.test\."#),
            ("CNAME", "www", #"www\.fabrikam\.test\.\t3600\tIN\tCNAME\tmail\.fabrikam\.test\."#),
            ("SRV", "_sip._tcp", #"_sip\._tcp\.fabrikam\.test\.\t3600\tIN\tSRV\t5 10 5060 mail\.fabrikam\.test\."#),
            ("CAA", "", #"fabrikam\.test\.\t3600\tIN\tCAA\t0 issue "letsencrypt\.org""#),
            ("NAPTR", "naptr", #"naptr\.fabrikam\.test\.\t3600\tIN\tNAPTR\t100 10 "U" "E2U\+sip" "!\^\.\*\$!sip:info@fabrikam\.test!" \."#),
            ("DS", "child", #"child\.fabrikam\.test\.\t3600\tIN\tDS\t60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118"#),
            ("CDS", "cds", #"cds\.fabrikam\.test\.\t3600\tIN\tCDS\t60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118"#),
            (
                "SSHFP", "ssh",
                #"ssh\.fabrikam\.test\.\t3600\tIN\tSSHFP\t4 2 123456789ABCDEF67890123456789ABCDEF67890123456789ABCDEF123456789"#
            ),
            ("NSEC3PARAM", "salt", #"salt\.fabrikam\.test\.\t3600\tIN\tNSEC3PARAM\t1 0 12 AABBCCDD"#),
            ("CERT", "cert", #"cert\.fabrikam\.test\.\t3600\tIN\tCERT\tPGP 1 RSASHA1 AQID"#),
            ("X25", "x25", #"x25\.fabrikam\.test\.\t3600\tIN\tX25\t311061700956"#),
            (
                "HTTPS", "site",
                #"site\.fabrikam\.test\.\t3600\tIN\tHTTPS\t1 \. alpn="h2,h3" port="8443" ipv4hint="192\.0\.2\.1,192\.0\.2\.2" ipv6hint="2001:db8::1""#
            ),
            ("HTTPS", "moved", #"moved\.fabrikam\.test\.\t3600\tIN\tHTTPS\t0 www\.example\."#),
            (
                "SVCB", "service",
                #"service\.fabrikam\.test\.\t3600\tIN\tSVCB\t16 svc\.example\. mandatory="alpn,port" alpn="h2" no-default-alpn="" port="53" ech="AAAA" key667="hello""#
            ),
            ("TXT", "tab", #"tab\.fabrikam\.test\.\t3600\tIN\tTXT\t"a\\009b""#),
            ("TLSA", "_443._tcp", #"_443\._tcp\.fabrikam\.test\.\t3600\tIN\tTLSA\t3 1 1 (0123456789abcdef){4}"#),
        ])
    func presentation(type: String, name: String, record: String) async throws {
        let run = try await ask([
            "query_name": .text(name.isEmpty ? "fabrikam.test" : name + ".fabrikam.test"), "query_type": .text(type),
            "validate_answer_rrs": ["fail_if_not_matches_regexp": [.text("^\(record)$")]],
        ])
        #expect(run.reason == nil, "\(run)")
    }

    @Test("a zone's serial is told where its SOA record was asked for and came", arguments: Transport.allCases)
    func serial(transport: Transport) async throws {
        let run = try await ask(["query_name": "fabrikam.test", "query_type": "SOA"], transport)
        #expect(run.facts?.serial == 2_024_010_203 && run.facts?.asksForSerial == true)
        let other = try await ask(["query_name": "mail.fabrikam.test", "query_type": "SOA"], transport)
        #expect(other.reason == nil && other.counts == [0, 1, 0])
        #expect(other.facts?.serial == nil && other.facts?.asksForSerial == true)
    }

    @Test("the class is asked for as written: CHAOS has the server's version")
    func chaos() async throws {
        let run = try await ask([
            "query_name": "version.server", "query_type": "TXT", "query_class": "CH",
            "validate_answer_rrs": ["fail_if_not_matches_regexp": [#"^version\.server\.\t0\tCH\tTXT\t"NSD "#]],
        ])
        #expect(run.reason == nil, "\(run)")
    }

    @Test("an answer too long for a datagram is taken as it comes, cut; over TCP all of it comes")
    func truncated() async throws {
        let module: DNSModule = ["query_name": "long.fabrikam.test", "query_type": "TXT"]
        let cut = try await ask(module)
        #expect(cut.reason == nil && cut.counts == [0, 0, 0] && cut.facts?.isAnswered == true, "\(cut)")
        #expect(cut.outcome.stages.last?.detail == "NOERROR, 0 answer record(s), truncated")
        #expect(try await ask(module, .tcp).counts == [2, 2, 3])
        let judged = try await ask(module.with(["validate_answer_rrs": ["fail_if_not_matches_regexp": ["TXT"]]]))
        #expect(
            judged.reason == .answerUnexpected && judged.sentence.contains("truncated, use 'transport_protocol: tcp' for a complete one"))
    }

    // MARK: Response codes

    @Test(
        "the response code must be an accepted one; the answer counts as one either way",
        arguments: Transport.allCases,
        [
            ("mail.fabrikam.test", [], nil), ("mail.fabrikam.test", ["NXDOMAIN", "NOERROR"], nil),
            ("mail.fabrikam.test", ["NXDOMAIN"], "NOERROR"), ("none.fabrikam.test", [], "NXDOMAIN"),
            ("none.fabrikam.test", ["SERVFAIL", "NXDOMAIN"], nil), ("lost.test", [], "SERVFAIL"), ("lost.test", ["SERVFAIL"], nil),
            ("contoso.test", [], "REFUSED"), ("contoso.test", ["REFUSED"], nil),
        ] as [(String, [String], String?)])
    func codes(transport: Transport, row: (name: String, accepted: [String], refused: String?)) async throws {
        let run = try await ask(
            ["query_name": .text(row.name), "query_type": "A", "valid_rcodes": .list(row.accepted.map { .text($0) })], transport)
        #expect(run.facts?.isAnswered == true, "\(run)")
        #expect(run.reason == (row.refused == nil ? nil : .dnsRcode), "\(run)")
        guard let refused = row.refused else { return }
        #expect(run.failedStage == .endpoint && run.sentence.contains("the server returned \(refused), accepted: "))
    }

    @Test("a code that is not accepted decides before any rule")
    func codeFirst() async throws {
        let run = try await ask([
            "query_name": "none.fabrikam.test", "query_type": "A", "validate_answer_rrs": ["fail_if_not_matches_regexp": ["A"]],
        ])
        #expect(run.reason == .dnsRcode && run.outcome.findings.count == 1)
    }

    // MARK: Rules

    enum Rule: String, CaseIterable, Sendable {
        case matches = "fail_if_matches_regexp"
        case all = "fail_if_all_match_regexp"
        case not = "fail_if_not_matches_regexp"
        case none = "fail_if_none_matches_regexp"
    }

    /// Each row: expressions, and whether each rule lets two records pass, of which one has 1 at its end and the other 2, both 192.
    /// Asked of blackbox_exporter 0.23, rule by rule.
    private static let rows: [(expressions: [String], passes: [Rule: Bool])] = [
        (["[14]$"], [.matches: false, .all: false, .not: false, .none: true]),
        (["192"], [.matches: false, .all: true, .not: true, .none: true]),
        (["198"], [.matches: true, .all: false, .not: false, .none: false]),
        (["[14]$", "[25]$"], [.matches: false, .all: false, .not: false, .none: true]),
        (["192", "198"], [.matches: false, .all: false, .not: false, .none: true]),
        (["192", #"0\.2\."#], [.matches: false, .all: true, .not: true, .none: true]),
        ([], [.matches: true, .all: true, .not: true, .none: true]),
    ]

    @Test("each section is held to its own rules", arguments: DNSAnswer.Section.allCases)
    func rules(section: DNSAnswer.Section) async throws {
        let server = try OddServer.answering(sections: [section])
        defer { server.end() }
        let target = try await server.target()
        for (rule, row) in Rule.allCases.flatMap({ rule in Self.rows.map { (rule, $0) } }) {
            for asked in DNSAnswer.Section.allCases {
                let run = try await DNSModule.mapping([
                    ("query_name", "x.test"), ("query_type", "A"),
                    (asked.option, .mapping([(rule.rawValue, .list(row.expressions.map { .text($0) }))])),
                ]).run(target)
                // Elsewhere there is no record: only rules that want one fail.
                let wantsNone = row.expressions.isEmpty || rule == .matches || rule == .all
                let passes = asked == section ? row.passes[rule] == true : wantsNone
                #expect((run.reason == nil) == passes, "\(asked) \(row) \(run)")
                #expect(run.facts?.isAnswered == true)
                guard !passes else { continue }
                #expect(run.reason == .answerUnexpected && run.sentence.contains("\(asked.name) section: "), "\(run)")
                #expect(run.sentence.contains("'\(rule.rawValue)'"))
            }
        }
    }

    @Test("rules hold over every transport, and the failing record is named", arguments: Transport.allCases)
    func rulesOverTransports(transport: Transport) async throws {
        let module: DNSModule = ["query_name": "mail.fabrikam.test", "query_type": "A"]
        let passing = module.with([
            "validate_answer_rrs": ["fail_if_not_matches_regexp": ["192.0.2"], "fail_if_matches_regexp": ["198"]],
            "validate_authority_rrs": ["fail_if_none_matches_regexp": [#"NS\tns2\."#]],
            "validate_additional_rrs": ["fail_if_all_match_regexp": ["^ns"]],
        ])
        #expect(try await ask(passing, transport).reason == nil)
        let failing = try await ask(module.with(["validate_additional_rrs": ["fail_if_matches_regexp": ["AAAA"]]]), transport)
        #expect(failing.reason == .answerUnexpected && failing.failedStage == .endpoint)
        #expect(failing.sentence.contains("'ns1.fabrikam.test. 3600 IN AAAA 2001:db8::1' matches 'AAAA'"), "\(failing)")
    }

    // MARK: Recursion

    @Test("a resolver asks others where recursion is desired, and refuses where it is not", arguments: [Transport.udp, .tcp])
    func recursion(transport: Transport) async throws {
        let servers = try NameServers.required()
        let (target, options) = ("127.0.0.1:\(servers.resolverPort)", servers.options(transport))
        func ask(_ name: String, _ more: DNSModule = [:]) async throws -> DNSRun {
            try await (["query_name": .text(name), "query_type": "A"] as DNSModule).with(options).with(more).run(target)
        }
        let refused = try await ask("www.fabrikam.test", ["recursion_desired": false])
        #expect(refused.reason == .dnsRcode && refused.sentence.contains("REFUSED"), "\(refused)")
        let answered = try await ask("www.fabrikam.test", ["validate_answer_rrs": ["fail_if_none_matches_regexp": [#"CNAME\tmail"#]]])
        #expect(answered.reason == nil && answered.facts?.answers == 3, "\(answered)")
        let failed = try await ask("www.lost.test")
        #expect(failed.reason == .dnsRcode && failed.sentence.contains("SERVFAIL"), "\(failed)")
    }

    // MARK: Addresses

    @Test(
        "the address is one of the wanted family, or of the other where that is allowed",
        arguments: [
            ("127.0.0.1", "ip4", false, "127.0.0.1"), ("127.0.0.1", "ip6", true, "127.0.0.1"), ("127.0.0.1", "ip6", false, nil),
            ("[::1]", "ip6", false, "::1"), ("[::1]", "ip4", true, "::1"), ("[::1]", "ip4", false, nil),
            ("localhost", "ip4", true, "127.0.0.1"),
        ] as [(String, String, Bool, String?)], [Transport.udp, .tcp])
    func families(row: (host: String, family: String, fallback: Bool, address: String?), transport: Transport) async throws {
        let servers = try NameServers.required()
        let module: DNSModule = [
            "query_name": "fabrikam.test", "query_type": "SOA", "preferred_ip_protocol": .text(row.family),
            "ip_protocol_fallback": .text("\(row.fallback)"),
        ]
        let run = try await module.with(servers.options(transport)).run("\(row.host):\(servers.port)")
        #expect(run.resolution?.address == row.address.flatMap { NetworkAddress($0) }, "\(run)")
        #expect(run.reason == (row.address == nil ? .dnsFailed : nil), "\(run)")
        #expect((run.facts?.phases.count ?? 0) == (row.address == nil ? 0 : 3))
    }

    @Test("the question goes out from the address that is written", arguments: [Transport.udp, .tcp])
    func source(transport: Transport) async throws {
        let module: DNSModule = ["query_name": "fabrikam.test", "query_type": "SOA"]
        #expect(try await ask(module.with(["source_ip_address": "127.0.0.9"]), transport).reason == nil)
        let foreign = try await ask(module.with(["source_ip_address": "192.0.2.77"]), transport)
        #expect(foreign.reason == .systemRefused && foreign.outcome.decisive?.severity == .unknown, "\(foreign)")
    }

    // MARK: TLS

    @Test("over TLS the peer's certificate is told, whatever the verdict on it")
    func certificates() async throws {
        let servers = try NameServers.required()
        let module: DNSModule = ["query_name": "fabrikam.test", "query_type": "SOA", "dns_over_tls": true, "transport_protocol": "tcp"]
        let target = servers.target(.tls)
        let trusted: DNSModule = ["tls_config": ["ca_file": .text(servers.certificateFile)]]
        let good = try await module.with(trusted).run(target)
        #expect(good.reason == nil && good.tls?.version == "TLS 1.3" && good.certificates.count == 1, "\(good)")
        #expect(good.tls?.lastChainExpiry == good.certificates.first?.notAfter)
        let untrusted = try await module.run(target)
        #expect(untrusted.reason == .certificateUntrusted && untrusted.failedStage == .tls && untrusted.certificates.count == 1)
        #expect(
            untrusted.facts?.isAnswered == false && untrusted.facts?.phases[.request] == nil && untrusted.facts?.phases[.connect] != nil)
        let unverified = try await module.with(["tls_config": ["insecure_skip_verify": true]]).run(target)
        #expect(unverified.reason == nil && unverified.certificates.count == 1 && unverified.tls?.lastChainExpiry == nil, "\(unverified)")
        let misnamed = try await module.with([
            "tls_config": ["ca_file": .text(servers.certificateFile), "server_name": "dns.contoso.test"]
        ]).run(target)
        #expect(misnamed.reason == .certificateNameMismatch, "\(misnamed)")
        let named = try await module.with(trusted).with(["preferred_ip_protocol": "ip4"]).run("localhost:\(servers.tlsPort)")
        #expect(named.reason == nil, "\(named)")
    }

    @Test("a server that speaks no TLS fails the handshake")
    func noTLS() async throws {
        let servers = try NameServers.required()
        let run = try await (["query_name": "fabrikam.test", "dns_over_tls": true] as DNSModule).run(
            "127.0.0.1:\(servers.port)", within: .milliseconds(500))
        #expect(run.failedStage == .tls && [.tlsHandshakeFailed, .timeout, .connectionReset].contains(run.reason), "\(run)")
    }
}
