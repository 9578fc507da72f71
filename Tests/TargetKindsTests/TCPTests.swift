import Addresses
import FoundationEssentials
import Probing
import TargetKinds
import TestSupport
import Testing
import Transfers

@Suite struct TCPTests {
    @Test("a port that listens is enough; the address is the source that the module names")
    func connection() async throws {
        let server = try await PythonServer("peer, source = listen().accept()\nsay('from', source[0])\npeer.recv(1)")
        let run = try await KindRun("tcp", server.address, ["source_ip_address": "127.0.0.2"])
        #expect(run.result == .succeeded && run.passed == "resolve connect", run.story)
        #expect(run.resolution?.address == NetworkAddress("127.0.0.1") && run.conversation == ConversationFacts())
        #expect(await server.said("from 127.0.0.2"))
    }

    @Test("each way not to be connected is told apart, with the facts that exist by then")
    func failures() async throws {
        let refused = try await KindRun("tcp", "127.0.0.1:\(FreePort.one())")
        #expect(refused.result == .failed && refused.reason == .connectRefused && refused.stage == .connect, refused.story)
        #expect(refused.resolution?.address != nil)

        let unknown = try await KindRun("tcp", String(repeating: "x", count: 64) + ".invalid:25")
        #expect(unknown.result == .failed && unknown.reason == .dnsFailed && unknown.stage == .resolve, unknown.story)
        #expect(unknown.resolution != nil && unknown.resolution?.address == nil)

        let foreign = try await KindRun("tcp", "127.0.0.1:\(FreePort.one())", ["source_ip_address": "192.0.2.1"])
        #expect(foreign.result == .rejected && foreign.reason == .systemRefused, foreign.story)

        let policy = AddressPolicy(allowed: [], denied: [], allowsLoopback: false)
        let forbidden = try await KindRun("tcp", Target("127.0.0.1:25", policy: policy))
        #expect(forbidden.result == .rejected && forbidden.reason == .targetForbidden && forbidden.stage == .resolve, forbidden.story)

        for target in ["127.0.0.1", "127.0.0.1:", ":25", "::1:25", "127.0.0.1:65536", "127.0.0.1:smtp", ""] {
            let run = try await KindRun("tcp", target)
            #expect(run.result == .rejected && run.reason == .targetInvalid && run.resolution == nil, run.story)
        }
    }

    @Test("a queue that takes no further connection costs the timeout, at stage connect")
    func unanswered() async throws {
        // The kernel drops the handshakes of a listener whose queue is full.
        let server = try await PythonServer(
            """
            listener = socket.create_server(("127.0.0.1", 0), backlog=0)
            port = listener.getsockname()[1]
            waiting = [socket.socket() for _ in range(4)]
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(("127.0.0.1", port))
            ready(port)
            threading.Event().wait()
            """)
        let run = try await KindRun("tcp", server.address, within: .milliseconds(400))
        #expect(run.result == .timeout && run.reason == .connectTimeout && run.stage == .connect, run.story)
    }

    @Test("silence costs the timeout at the stage that waits", arguments: [true, false])
    func silence(isTLS: Bool) async throws {
        let server = try await PythonServer("peer = accept()\nthreading.Event().wait()")
        let options: Written = isTLS ? ["tls": true] : ["query_response": [["expect": "."]]]
        let run = try await KindRun("tcp", server.address, options, within: .milliseconds(400))
        #expect(run.result == .timeout && run.reason == .timeout && run.stage == (isTLS ? .tls : .endpoint), run.story)
        #expect(run.conversation?.failedByPattern == false)
    }

    @Test("a cancelled run ends at once")
    func cancelled() async throws {
        let server = try await PythonServer("peer = accept()\nsay('accepted')\npeer.recv(1)\nsay('gone')")
        let run = Task { try await KindRun("tcp", server.address, ["query_response": [["expect": "."]]], within: .seconds(600)) }
        #expect(await server.said("accepted"))
        run.cancel()
        #expect(try await run.value.result == .timeout)
        #expect(await server.said("gone"))
    }

    @Test("a module whose conversation cannot be restored out is refused, in words")
    func badOptions() async throws {
        let rows: [(Written, String)] = [
            (["query_response": [["expect": "("]]], "'expect' is not a valid regular expression"),
            (["query_response": [["expect": "a", "expect_bytes": "b"]]], "mutually exclusive"),
            (["query_response": [["labels": [["value": "x"]]]]], "a label needs 'name'"),
            (["query_response": [["expects": "a"]]], "did you mean 'expect'?"),
            (["tls_config": ["min_version": "TLS13", "max_version": "TLS12"]], "'max_version' is below 'min_version'"),
            (["tls_config": ["min_version": "SSL3"]], "one of TLS10, TLS11, TLS12, TLS13"),
            (["tls_config": ["ca_file": "/nowhere/ca.pem"]], "/nowhere/ca.pem: there is no such file"),
            (["tls_config": ["cert_file": "/nowhere/c.pem"]], "must both be set"),
            (["tls": "yes please"], "must be true or false"),
        ]
        for (options, sentence) in rows {
            do {
                _ = try await KindRun("tcp", "127.0.0.1:25", options)
                Issue.record("accepted: \(sentence)")
            } catch let refused as KindRun.Refused {
                #expect(refused.description.contains(sentence), "\(refused)")
            }
        }
    }
}

/// Where names stand for addresses of either family, or of one.
@Suite(.enabled(if: NetworkNamespace.isAllowed, "a hosts file of its own needs root")) struct TCPProtocolTests {
    @Test(
        "the preferred protocol is taken where the name has it, the other one only by way of fallback",
        arguments: [
            ("both.test", [:], 6), ("both.test", ["preferred_ip_protocol": "ip6"], 6), ("both.test", ["preferred_ip_protocol": "ip4"], 4),
            ("four.test", [:], 4), ("four.test", ["preferred_ip_protocol": "ip6", "ip_protocol_fallback": true], 4),
            ("four.test", ["preferred_ip_protocol": "ip6", "ip_protocol_fallback": false], nil),
            ("six.test", ["preferred_ip_protocol": "ip4"], 6),
            ("six.test", ["preferred_ip_protocol": "ip4", "ip_protocol_fallback": false], nil),
            ("127.0.0.1", [:], 4), ("127.0.0.1", ["ip_protocol_fallback": false], nil), ("[::1]", ["preferred_ip_protocol": "ip4"], 6),
            ("[::1]", ["preferred_ip_protocol": "ip4", "ip_protocol_fallback": false], nil), ("none.test", [:], nil),
        ] as [(String, Written, Int?)])
    func families(host: String, options: Written, family: Int?) async throws {
        let namespace = try await NetworkNamespace().withLoopback()
        try await namespace.useHosts("127.0.0.1 both.test four.test\n::1 both.test six.test\n")
        let server = try namespace.start(
            Program.python,
            [
                "-c",
                "import socket, sys\ns = socket.create_server(('::', 4242), family=socket.AF_INET6, dualstack_ipv6=True)\nprint('ready', file=sys.stderr, flush=True)\ns.accept()",
            ])
        #expect(await server.says("ready"))
        let run = try await namespace.run { try await KindRun("tcp", "\(host):4242", options) }
        server.send(9)
        #expect(run.resolution?.address?.family.rawValue == family, run.story)
        if family == nil {
            #expect(run.reason == .dnsFailed && run.stage == .resolve, run.story)
        } else {
            #expect(run.result == .succeeded, run.story)
        }
    }
}
