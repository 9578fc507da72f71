import Addresses
import FoundationEssentials
import Probing
import TargetKinds
import TestSupport
import Testing
import Transfers

/// In a network namespace of a thread of its own, where the test decides which sockets may ping and who answers.
@Suite(.enabled(if: NetworkNamespace.isAllowed, "a network namespace needs root")) struct ICMPTests {
    private static let loopback = ["127.0.0.1", "::1"]

    private func ping(
        _ target: String, _ options: Written = [:], in namespace: NetworkNamespace, within time: Duration = .seconds(5)
    ) async throws -> KindRun {
        try await namespace.run { try await KindRun("icmp", target, options, within: time) }
    }

    @Test(
        "a ping of loopback is answered, with its three phases and the hop limit, by either sort of socket", arguments: loopback,
        [true, false])
    func answered(target: String, isUnprivileged: Bool) async throws {
        let namespace = try await NetworkNamespace().withLoopback()
        if isUnprivileged { try await namespace.allowPingSocketsAlone() }
        let run = try await ping(target, in: namespace)
        #expect(run.result == .succeeded, run.story)
        #expect(run.passed == "resolve connect endpoint")
        #expect(run.ping?.replyHopLimit == 64)
        #expect(run.ping.map { Set($0.phases.keys) } == Set(PingFacts.Phase.allCases))
        #expect(run.ping?.phases.values.allSatisfy { $0 > .zero } == true)
        #expect(run.resolution?.address == NetworkAddress(target))
    }

    @Test("without ping sockets and CAP_NET_RAW the run is rejected, and says what would allow it", arguments: loopback)
    func refused(target: String) async throws {
        let namespace = try await NetworkNamespace().withLoopback()
        try await namespace.dropRawSockets()
        let run = try await ping(target, in: namespace)
        #expect(run.result == .rejected && run.reason == .systemRefused && run.stage == .connect, run.story)
        #expect(run.sentence.contains("net.ipv4.ping_group_range") && run.sentence.contains("CAP_NET_RAW"))
        #expect(run.ping?.phases.keys.contains(.setup) == false)
    }

    @Test("a run against one that does not answer ends with its timeout", arguments: [true, false])
    func silent(isUnprivileged: Bool) async throws {
        let namespace = try await NetworkNamespace().withLoopback()
        if isUnprivileged { try await namespace.allowPingSocketsAlone() }
        try await namespace.write("1", to: "/proc/sys/net/ipv4/icmp_echo_ignore_all")
        let run = try await ping("127.0.0.1", in: namespace, within: .milliseconds(300))
        #expect(run.result == .timeout && run.reason == .timeout && run.stage == .endpoint, run.story)
        #expect(run.ping.map { Set($0.phases.keys) } == [.resolve, .setup])
    }

    @Test("options are restored out: size, hop limit, source, no fragments", arguments: loopback)
    func options(target: String) async throws {
        let namespace = try await NetworkNamespace().withLoopback()
        let big = try await ping(target, ["payload_size": 60000, "ttl": 1, "dont_fragment": false], in: namespace)
        #expect(big.result == .succeeded, big.story)
        let unsplit = try await ping(target, ["payload_size": 1000, "dont_fragment": true], in: namespace)
        #expect(unsplit.result == .succeeded, unsplit.story)
        if target == "127.0.0.1" {
            let source = try await ping(target, ["source_ip_address": "127.0.0.2"], in: namespace)
            #expect(source.result == .succeeded, source.story)
        }
        let foreign = try await ping(target, ["source_ip_address": .text(target == "::1" ? "2001:db8::1" : "192.0.2.1")], in: namespace)
        #expect(foreign.result == .rejected && foreign.reason == .systemRefused, foreign.story)
    }

    @Test("a packet too big for the link, that nobody may split, is told apart from silence", arguments: loopback, [true, false])
    func tooBig(target: String, isUnprivileged: Bool) async throws {
        let namespace = try await NetworkNamespace().withLoopback()
        if isUnprivileged { try await namespace.allowPingSocketsAlone() }
        try await namespace.tool("ip", ["link", "set", "lo", "mtu", "1400"])
        let run = try await ping(target, ["payload_size": 1400, "dont_fragment": true], in: namespace)
        #expect(run.reason == .networkUnreachable && run.stage == .endpoint, run.story)
        #expect(run.sentence.contains("Message too long"))
        #expect(try await ping(target, ["payload_size": 1400], in: namespace).result == .succeeded)
    }

    @Test(
        "a packet larger than the link is split on its way, unless nobody may split it", arguments: ["192.0.2.2", "2001:db8::2"],
        [true, false])
    func split(target: String, isUnprivileged: Bool) async throws {
        let namespace = try await NetworkNamespace().withLoopback()
        let far = try NetworkNamespace()
        try await namespace.tool("ip", ["link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", far.path])
        for (side, link, number) in [(namespace, "v0", 1), (far, "v1", 2)] {
            try await side.tool("ip", ["addr", "add", "192.0.2.\(number)/24", "dev", link])
            try await side.tool("ip", ["addr", "add", "2001:db8::\(number)/64", "dev", link, "nodad"])
            try await side.tool("ip", ["link", "set", link, "up"])
        }
        if isUnprivileged { try await namespace.allowPingSocketsAlone() }
        for size in [1472, 4000] {
            let run = try await ping(target, ["payload_size": .plain("\(size)")], in: namespace)
            #expect(run.result == .succeeded, run.story)
        }
        let unsplit = try await ping(target, ["payload_size": 1480, "dont_fragment": true], in: namespace)
        #expect(unsplit.reason == .networkUnreachable, unsplit.story)
    }

    @Test("a packet larger than a link behind a router is split on its way", arguments: ["198.51.100.2", "2001:db8:1::2"], [true, false])
    func splitBehindRouter(target: String, isUnprivileged: Bool) async throws {
        let namespace = try await NetworkNamespace().withLoopback()
        let (router, far) = (try await NetworkNamespace().withLoopback(), try NetworkNamespace())
        try await namespace.tool("ip", ["link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", router.path])
        try await router.tool(
            "ip", ["link", "add", "v2", "mtu", "1280", "type", "veth", "peer", "name", "v3", "mtu", "1280", "netns", far.path])
        for (side, link, four, six) in [
            (namespace, "v0", "192.0.2.1/24", "2001:db8::1/64"), (router, "v1", "192.0.2.2/24", "2001:db8::2/64"),
            (router, "v2", "198.51.100.1/24", "2001:db8:1::1/64"), (far, "v3", "198.51.100.2/24", "2001:db8:1::2/64"),
        ] {
            try await side.tool("ip", ["addr", "add", four, "dev", link])
            try await side.tool("ip", ["addr", "add", six, "dev", link, "nodad"])
            try await side.tool("ip", ["link", "set", link, "up"])
        }
        for (side, four, six) in [(namespace, "192.0.2.2", "2001:db8::2"), (far, "198.51.100.1", "2001:db8:1::1")] {
            try await side.tool("ip", ["route", "add", "default", "via", four])
            try await side.tool("ip", ["-6", "route", "add", "default", "via", six])
        }
        try await router.write("1", to: "/proc/sys/net/ipv4/ip_forward")
        try await router.write("1", to: "/proc/sys/net/ipv6/conf/all/forwarding")
        if isUnprivileged { try await namespace.allowPingSocketsAlone() }
        let run = try await ping(target, ["payload_size": 1400], in: namespace)
        #expect(run.result == .succeeded, run.story)
        let unsplit = try await ping(target, ["payload_size": 1400, "dont_fragment": true], in: namespace)
        #expect(unsplit.reason == .networkUnreachable, unsplit.story)
    }

    @Test("what a router reports ends the run at once, in its words", arguments: [true, false])
    func router(isUnprivileged: Bool) async throws {
        let namespace = try await NetworkNamespace().withLoopback()
        let far = try NetworkNamespace()
        // near (192.0.2.1) - far (192.0.2.2), which knows no way to 198.51.100.0/24 and forbids 203.0.113.0/24.
        try await namespace.tool("ip", ["link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", far.path])
        try await namespace.tool("ip", ["addr", "add", "192.0.2.1/24", "dev", "v0"])
        try await namespace.tool("ip", ["link", "set", "v0", "up"])
        try await namespace.tool("ip", ["route", "add", "default", "via", "192.0.2.2"])
        try await far.tool("ip", ["addr", "add", "192.0.2.2/24", "dev", "v1"])
        try await far.tool("ip", ["link", "set", "v1", "up"])
        try await far.tool("ip", ["route", "add", "prohibit", "203.0.113.0/24"])
        try await far.tool("ip", ["route", "add", "192.0.3.0/24", "via", "192.0.2.99", "dev", "v1"])
        try await far.write("1", to: "/proc/sys/net/ipv4/ip_forward")
        if isUnprivileged { try await namespace.allowPingSocketsAlone() }
        for (target, options, words) in [
            ("198.51.100.1", [:], isUnprivileged ? "Network is unreachable" : "192.0.2.2: no route to the network"),
            ("203.0.113.1", [:], isUnprivileged ? "No route to host" : "192.0.2.2: administratively prohibited"),
            ("192.0.3.1", ["ttl": 1], isUnprivileged ? "No route to host" : "192.0.2.2: hop limit exceeded in transit"),
        ] as [(String, Written, String)] {
            let run = try await ping(target, options, in: namespace)
            #expect(run.result == .failed && run.reason == .networkUnreachable && run.stage == .endpoint, run.story)
            #expect(run.sentence.contains(words), run.story)
        }
        let good = try await ping("192.0.2.2", in: namespace)
        #expect(good.result == .succeeded, good.story)
    }

    @Test("replies to others are not taken for ours, nor are our own requests that loopback shows")
    func others() async throws {
        let namespace = try await NetworkNamespace().withLoopback()
        try await namespace.write("1", to: "/proc/sys/net/ipv4/icmp_echo_ignore_all")
        // Echo replies without end for everybody, and refusals that quote foreign requests.
        let flood = try namespace.start(
            Program.python,
            [
                "-c",
                """
                import socket, struct, sys
                s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)
                def checksum(b):
                    t = sum(struct.unpack("!%dH" % (len(b) // 2), b))
                    t = (t >> 16) + (t & 0xffff)
                    return ~(t + (t >> 16)) & 0xffff
                def message(kind, code, rest):
                    b = struct.pack("!BBHHH", kind, code, 0, 0, 0)[:4] + rest
                    return b[:2] + struct.pack("!H", checksum(b)) + b[4:]
                inner = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 64, 0, 0, 64, 1, 0, b"\\x7f\\0\\0\\1", b"\\x7f\\0\\0\\1")
                print("floods", file=sys.stderr, flush=True)
                number = 0
                while True:
                    number = (number + 1) & 0xffff
                    s.sendto(message(0, 0, struct.pack("!HH", number, number) + bytes(28)), ("127.0.0.1", 0))
                    s.sendto(message(3, 1, bytes(4) + inner + struct.pack("!BBHHH", 8, 0, 0, number, number)), ("127.0.0.1", 0))
                """,
            ])
        #expect(await flood.says("floods"))
        let run = try await ping("127.0.0.1", in: namespace, within: .milliseconds(700))
        flood.send(9)
        #expect(run.result == .timeout && run.stage == .endpoint, run.story)
    }

    @Test("a name, both families, and what is no host at all")
    func targets() async throws {
        let namespace = try await NetworkNamespace().withLoopback()
        try await namespace.useHosts("127.0.0.1 both.test\n::1 both.test\n127.0.0.1 four.test\n")
        let six = try await ping("both.test", in: namespace)
        #expect(six.result == .succeeded && six.resolution?.address?.family == .v6, six.story)
        let four = try await ping("both.test", ["preferred_ip_protocol": "ip4"], in: namespace)
        #expect(four.result == .succeeded && four.resolution?.address?.family == .v4, four.story)
        let mismatch = try await ping("four.test", ["ip_protocol_fallback": false], in: namespace)
        #expect(mismatch.reason == .dnsFailed && mismatch.stage == .resolve, mismatch.story)
        let none = try await ping(String(repeating: "x", count: 64) + ".invalid", in: namespace)
        #expect(none.reason == .dnsFailed && none.resolution?.address == nil, none.story)
        for target in ["", "http://127.0.0.1/", "127.0.0.1 -f"] {
            let run = try await ping(target, in: namespace)
            #expect(run.result == .rejected && run.reason == .targetInvalid, run.story)
        }
    }

    @Test("a target that the caller may not reach is not pinged")
    func forbidden() async throws {
        let policy = AddressPolicy(allowed: [], denied: [], allowsLoopback: false)
        let run = try await KindRun("icmp", Target("127.0.0.1", policy: policy))
        #expect(run.result == .rejected && run.reason == .targetForbidden && run.passed.isEmpty, run.story)
    }
}

@Suite struct ICMPOptionTests {
    @Test(
        "options out of range are refused, with the range",
        arguments: [
            (["ttl": 256], "'ttl' must be a whole number from 0 to 255, found '256'"),
            (["ttl": -1], "'ttl' must be a whole number from 0 to 255"), (["payload_size": 65508], "from 0 to 65507"),
            (["source_ip_address": "here"], "'source_ip_address' must be an address"),
            (["preferred_ip_protocol": "ip5"], "one of ip4, ip6"), (["ttL": 5], "unknown key 'ttL', did you mean 'ttl'?"),
        ] as [(Written, String)])
    func bad(options: Written, sentence: String) async throws {
        do {
            _ = try await KindRun("icmp", "127.0.0.1", options)
            Issue.record("accepted")
        } catch let refused as KindRun.Refused {
            #expect(refused.description.contains(sentence), "\(refused)")
        }
    }
}
