import Testing

@testable import TargetKinds

@Suite struct DNSOptionsTests {
    @Test("only the name to ask for is needed: the rest has its defaults")
    func defaults() throws {
        let (options, problems) = (["query_name": "fabrikam.test"] as DNSModule).read()
        #expect(problems.isEmpty)
        #expect(options.transport == .udp && !options.isTLS && options.defaultPort == 53)
        #expect(options.accepted == [.noError])
        // Recursion desired, one question: fabrikam.test. ANY IN.
        let message = try #require(options.question).message()
        let expected: [UInt8] =
            [1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 8] + Array("fabrikam".utf8) + [4] + Array("test".utf8) + [0, 0, 255, 0, 1]
        #expect(Array(message.dropFirst(2)) == expected)
    }

    @Test("over TLS the question goes over TCP to port 853, and nothing need be written for that")
    func overTLS() {
        let (options, problems) = (["query_name": "a", "dns_over_tls": true] as DNSModule).read()
        #expect(problems.isEmpty && options.transport == .tcp && options.defaultPort == 853)
    }

    @Test(
        "type and class are asked for as written, in any case; empty means the default",
        arguments: [
            ("MX", "IN", [0, 15, 0, 1]), ("mx", "in", [0, 15, 0, 1]), ("HTTPS", "CH", [0, 65, 0, 3]),
            ("TYPE65280", "CLASS2", [255, 0, 0, 2]),
            ("ANY", "ANY", [0, 255, 0, 255]), ("AXFR", "HS", [0, 252, 0, 4]), ("", "", [0, 255, 0, 1]),
        ] as [(String, String, [UInt8])])
    func types(type: String, queryClass: String, ending: [UInt8]) throws {
        let (options, problems) = (["query_name": ".", "query_type": .text(type), "query_class": .text(queryClass)] as DNSModule).read()
        #expect(problems.isEmpty, "\(problems)")
        #expect(try #require(options.question).message().suffix(4) == ending)
    }

    @Test("without recursion the question says so, and each question has an id of its own")
    func message() throws {
        let question = try #require((["query_name": "a", "recursion_desired": false] as DNSModule).read().options.question)
        #expect(question.message()[2] == 0)
        #expect(Set((0..<50).map { _ in question.message().prefix(2) }).count > 40)
    }

    @Test(
        "response codes are read by all their names; an empty list means the default",
        arguments: [
            (["NOERROR", "NXDOMAIN"], [0, 3]), (["SERVFAIL", "refused"], [2, 5]), (["NOTIMP", "NOTIMPL"], [4]),
            (["BADSIG", "BADVERS"], [16]),
            ([], [0]),
        ] as [([String], Set<Int>)])
    func codes(names: [String], numbers: Set<Int>) {
        let (options, problems) = (["query_name": "a", "valid_rcodes": .list(names.map { .text($0) })] as DNSModule).read()
        #expect(problems.isEmpty && Set(options.accepted.map(\.number)) == numbers)
    }

    @Test(
        "what cannot be meant is refused when it is read, with its place",
        arguments: [
            ([:], "modules.yml:1: error: a dns probe needs 'query_name', the name to query"),
            (
                ["recursion_desired": true, "query_name": ""],
                "modules.yml:2: error: a dns probe needs 'query_name', the name to query"
            ),
            (
                ["query_name": "a..b"],
                "modules.yml:1: error: 'query_name' must be a domain name, with labels of 1 to 63 bytes, found 'a..b'"
            ),
            (
                ["query_name": "a", "query_type": "NOPE"],
                "modules.yml:2: error: 'query_type' must be a record type, such as A, MX, ANY or TYPE65280, found 'NOPE'"
            ),
            (
                ["query_name": "a", "query_type": "TYPE65536"],
                "modules.yml:2: error: 'query_type' must be a record type, such as A, MX, ANY or TYPE65280, found 'TYPE65536'"
            ),
            (
                ["query_name": "a", "query_class": "XX"],
                "modules.yml:2: error: 'query_class' must be IN, CH, HS, NONE, ANY or a number such as CLASS2, found 'XX'"
            ),
            (
                ["query_name": "a", "transport_protocol": "sctp"],
                "modules.yml:2: error: 'transport_protocol' must be one of udp, tcp, found 'sctp'"
            ),
            (
                ["query_name": "a", "dns_over_tls": true, "transport_protocol": "udp"],
                "modules.yml:3: error: 'dns_over_tls' needs 'transport_protocol: tcp'"
            ),
            (
                ["query_name": "a", "source_ip_address": "here"],
                "modules.yml:2: error: 'source_ip_address' must be an address, found 'here'"
            ),
            (["query_name": "a", "query_nam": "b"], "modules.yml:2: error: unknown key 'query_nam', did you mean 'query_name'?"),
        ] as [(DNSModule, String)])
    func refused(module: DNSModule, problem: String) { #expect(module.read().problems == [problem]) }

    @Test(
        "a code, an expression or a rule that is none is refused, and named",
        arguments: [
            (["query_name": "a", "valid_rcodes": ["NOERROR", "FOO"]], "found 'FOO'"),
            (
                ["query_name": "a", "validate_answer_rrs": ["fail_if_matches_regexp": ["("]]],
                "'fail_if_matches_regexp' is not a valid regular expression"
            ),
            (["query_name": "a", "validate_additional_rrs": ["fail_if_match": ["a"]]], "unknown key 'fail_if_match'"),
        ] as [(DNSModule, String)])
    func refusedInside(module: DNSModule, words: String) {
        let problems = module.read().problems
        #expect(problems.count == 1 && problems.allSatisfy { $0.contains(words) }, "\(problems)")
    }
}
