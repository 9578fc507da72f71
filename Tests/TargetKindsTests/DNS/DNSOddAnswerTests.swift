import Addresses
import FoundationEssentials
import Probing
import Testing
import Transfers

@testable import TargetKinds

/// Peers that are no good name servers, or none at all.
@Suite struct DNSOddAnswerTests {
    private static let module: DNSModule = ["query_name": "x.test", "query_type": "A"]
    private static let overTCP = module.with(["transport_protocol": "tcp"])

    private func ask(_ messages: String, _ module: DNSModule = module, within deadline: Duration = .seconds(10)) async throws -> DNSRun {
        let server = try OddServer.answering(messages)
        defer { server.end() }
        return try await module.run(try await server.target(), within: deadline)
    }

    @Test(
        "a datagram that answers something else is passed over: the answer after it counts",
        arguments: [
            "other(head(q))", "b'hello'", "other(b'q' * 40)", "head(q[:12] + b'\\5other\\0' + q[-4:], 0, 1) + A1", "q", "b''",
            "head(q[:-4] + bytes([0, 28, 0, 1]))", "head(q[:-4] + bytes([0, 1, 0, 3]))",
            "q[:2] + struct.pack('>HHHHH', 0x8400, 0, 0, 0, 0)",
        ])
    func passedOver(stranger: String) async throws {
        let run = try await ask("[\(stranger), head(q, 0, 1) + A1]")
        #expect(run.reason == nil && run.counts == [1, 0, 0], "\(run)")
    }

    @Test("where nothing else comes, the run says that something came, and that it was no answer")
    func strangersAlone() async throws {
        let run = try await ask("[b'hello', other(head(q))]", within: .milliseconds(800))
        #expect(run.reason == .timeout && run.stages == "resolve connect endpoint!", "\(run)")
        #expect(run.sentence.contains("2 datagram(s) were received in time, but none answers the query"))
        #expect(run.facts?.isAnswered == false && (run.facts?.phases[.request] ?? .zero) > .milliseconds(500))
    }

    @Test(
        "an answer that is no well-formed message fails the run at once", arguments: [module, overTCP],
        ["q[:2] + b'garbage garbage garbage'", "q[:2]", "head(q, 0, 2) + A1 + A2[:8]", "head(q, 0, 3) + A1", "q[:2] + b'\\xff' * 600"])
    func malformed(module: DNSModule, message: String) async throws {
        // One that waits for another answer never ends.
        let run = try await ask("[\(message)]", module, within: .seconds(86400))
        #expect(run.reason == .answerUnexpected && run.stages == "resolve connect endpoint!", "\(run)")
        #expect(run.sentence.contains("not a well-formed DNS message") && run.outcome.decisive?.exception.isEmpty == false)
        #expect(run.facts?.isAnswered == false && run.counts == [0, 0, 0])
    }

    @Test(
        "over TCP another answer than the one to the question fails the run",
        arguments: ["other(head(q))", "q", "head(q[:-4] + bytes([0, 28, 0, 1]))"])
    func strangerOverTCP(message: String) async throws {
        let run = try await ask("[\(message)]", Self.overTCP)
        #expect(run.reason == .answerUnexpected && run.sentence.contains("does not match the query"), "\(run)")
    }

    @Test(
        "over TCP an answer may come in pieces, but must come whole",
        arguments: [
            ("[bytearray(b'\\0'), bytearray(bytes([len(head(q))])), bytearray(head(q)[:9]), bytearray(head(q)[9:])]", nil),
            ("[bytearray(b'\\0\\x40') + head(q)]", "the server closed the connection after 26 bytes of its response"),
            ("[bytearray()]", "the server closed the connection without a response"),
        ] as [(String, String?)])
    func pieces(messages: String, failure: String?) async throws {
        let run = try await ask(messages, Self.overTCP)
        #expect(run.reason == (failure == nil ? nil : .answerUnexpected), "\(run)")
        if let failure { #expect(run.sentence.contains(failure), "\(run)") }
    }

    @Test("a truncated answer counts with what it holds", arguments: [module, overTCP])
    func truncated(module: DNSModule) async throws {
        let run = try await ask("[head(q, 0, 1, flags=0x8600) + A1]", module)
        #expect(run.reason == nil && run.counts == [1, 0, 0], "\(run)")
    }

    @Test("an answer of over 512 bytes, unasked for, is read whole")
    func long() async throws { #expect(try await ask("[head(q, 0, 90) + A1 * 90]").counts == [90, 0, 0]) }

    @Test(
        "any response code is told by its name, also from a server that leaves the question out", arguments: [module, overTCP],
        [
            ("head(q, 2)", "SERVFAIL"), ("q[:2] + struct.pack('>HHHHH', 0x8401, 0, 0, 0, 0)", "FORMERR"), ("head(q, 4)", "NOTIMP"),
            ("head(q, 12)", "RCODE12"), ("head(q, 0, ar=1) + EDNS[:5] + b'\\1' + EDNS[6:]", "BADSIG"),
        ])
    func codes(module: DNSModule, row: (message: String, name: String)) async throws {
        let run = try await ask("[\(row.message)]", module)
        #expect(run.reason == .dnsRcode && run.sentence.contains("the server returned \(row.name), accepted: NOERROR"), "\(run)")
        #expect(run.facts?.isAnswered == true)
    }

    @Test("EDNS that nobody asked for counts as an additional record, and is none to be judged")
    func edns() async throws {
        let run = try await ask(
            "[head(q, 0, 1, ar=1) + A1 + EDNS]", Self.module.with(["validate_additional_rrs": ["fail_if_matches_regexp": ["."]]]))
        #expect(run.reason == nil && run.counts == [1, 0, 1], "\(run)")
    }

    @Test("a silent server is a timeout", arguments: [module, overTCP])
    func silence(module: DNSModule) async throws {
        let run = try await ask("[]", module, within: .milliseconds(500))
        #expect(run.reason == .timeout && run.stages == "resolve connect endpoint!", "\(run)")
        #expect(run.facts?.isAnswered == false && run.facts?.phases.count == 3)
    }

    @Test("a port that nobody listens on is a refused connection, also over UDP", arguments: [module, overTCP])
    func refused(module: DNSModule) async throws {
        let run = try await module.run("127.0.0.1:\(try NameServers.freePort())")
        #expect(run.reason == .connectRefused && run.stages == "resolve connect!", "\(run)")
        #expect(run.facts?.isAnswered == false && run.facts?.phases[.connect] != nil)
    }

    @Test("a run that is cancelled ends")
    func cancelled() async throws {
        let server = try OddServer.answering("[]")
        defer { server.end() }
        let target = try await server.target()
        let run = Task { try await Self.module.run(target, within: .seconds(600)) }
        run.cancel()
        #expect(try await run.value.reason != nil)
    }

    // MARK: Targets

    @Test(
        "without a port the target's is DNS's own",
        arguments: [
            ("127.9.9.9", module, "127.9.9.9:53"), ("::1", module, "[::1]:53"), ("[::1]", module, "[::1]:53"),
            ("127.9.9.9", module.with(["dns_over_tls": true]), "127.9.9.9:853"),
        ] as [(String, DNSModule, String)])
    func defaultPort(target: String, module: DNSModule, server: String) async throws {
        // Whether anybody listens there is another matter.
        let run = try await module.run(target, within: .seconds(2))
        #expect(run.resolution?.address != nil)
        #expect("\(run.outcome)".contains(server), "\(run)")
    }

    @Test(
        "what is no host and no host:port is no target",
        arguments: ["", "a:b:c", "127.0.0.1:99999", "127.0.0.1:", "localhost:domain", "[::1", "a b", "https://x.test/"])
    func noTarget(text: String) async throws {
        let run = try await Self.module.run(text)
        #expect(run.reason == .targetInvalid && run.failedStage == .config && run.facts != nil && run.resolution == nil, "\(run)")
    }

    @Test("a name that does not resolve has no phase at all")
    func unknownName() async throws {
        let run = try await Self.module.run(String(repeating: "x", count: 64) + ".invalid:53")
        #expect(run.reason == .dnsFailed && run.stages == "resolve!" && run.facts == DNSFacts(), "\(run)")
    }

    @Test("an address that the caller may not reach is not asked")
    func forbidden() async throws {
        let policy = AddressPolicy(allowed: [], denied: [], allowsLoopback: false)
        let run = try await Self.module.run("127.0.0.1:53", policy: policy)
        #expect(run.reason == .targetForbidden && run.facts?.phases[.connect] == nil, "\(run)")
    }

    // MARK: Noise

    @Test("no run of bytes, however an answer was mangled, does more than be refused")
    func noise() throws {
        let question = try DNSQuestion(name: "x.test", type: "A", queryClass: "IN", recursionDesired: true).message()
        // Records of many shapes, all with compressed names.
        let record: (UInt16, [UInt8]) -> [UInt8] = { type, data in
            [0xC0, 0x0C, UInt8(type >> 8), UInt8(type & 0xFF), 0, 1, 0, 0, 14, 16, 0, UInt8(data.count)] + data
        }
        let name: [UInt8] = [0xC0, 0x0C]
        let types: [UInt16] = [
            1, 2, 5, 6, 12, 13, 15, 16, 17, 29, 33, 35, 43, 44, 45, 46, 47, 48, 50, 51, 52, 55, 64, 65, 99, 250, 256, 257,
        ]
        let data: [[UInt8]] = [
            [192, 0, 2, 1], name + name + [UInt8](repeating: 1, count: 20), [0, 1] + name, [3, 97, 98, 99], [0, 1, 0, 2, 0, 3] + name,
        ]
        var messages = 0
        var generator = Mangler(state: 7)
        for type in types {
            for data in data {
                let answer = [UInt8](question[..<2]) + [0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0] + question[12...] + record(type, data)
                for _ in 0..<100 {
                    var bytes = answer
                    for _ in 0..<Int.random(in: 0...3, using: &generator) {
                        bytes[Int.random(in: 2..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
                    }
                    bytes.removeLast(Int.random(in: 0...3, using: &generator))
                    do throws(DNSAnswer.Unusable) {
                        let read = try DNSAnswer(bytes, to: question)
                        #expect(read.records.values.allSatisfy { $0.allSatisfy { !$0.contains("\n") } })
                        messages += 1
                    } catch {}
                }
            }
        }
        #expect(messages > 1000)
    }

    private struct Mangler: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }
}
