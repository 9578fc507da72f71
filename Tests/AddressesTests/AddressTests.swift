import Addresses
import Testing

@Suite struct AddressTests {
    @Test(
        "every spelling the C library would dial is the address it stands for",
        arguments: [
            ("127.0.0.1", "127.0.0.1"), ("2130706433", "127.0.0.1"), ("0x7f000001", "127.0.0.1"), ("017700000001", "127.0.0.1"),
            ("0x7f.1", "127.0.0.1"), ("127.1", "127.0.0.1"), ("0177.0.0.01", "127.0.0.1"), ("169.254.43518", "169.254.169.254"),
            ("[::1]", "::1"), ("2001:DB8:0:0::1", "2001:db8::1"), ("::ffff:127.0.0.1", "::ffff:127.0.0.1"),
        ])
    func spelled(text: String, meant: String) { #expect(NetworkAddress(text)?.description == meant) }

    @Test("what is no address is none", arguments: ["", "mail.fabrikam.com", "1.2.3.4.5", "256.1.1.1", "::1%eth0x", "fe80", "x1", "1:2:3"])
    func none(text: String) { #expect(NetworkAddress(text) == nil) }

    @Test(
        "an IPv4 address inside an IPv6 one is found",
        arguments: [
            ("::ffff:169.254.169.254", "169.254.169.254"), ("64:ff9b::a9fe:a9fe", "169.254.169.254"), ("2002:7f00:1::", "127.0.0.1"),
            ("::169.254.169.254", "169.254.169.254"), ("::1", "::1"), ("::", "::"), ("2001:db8::1", "2001:db8::1"),
        ])
    func unwrapped(text: String, inner: String) { #expect(NetworkAddress(text)?.unwrapped.description == inner) }

    @Test(
        "a range holds what shares its first bits",
        arguments: [
            ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("192.0.2.128/25", "192.0.2.127", false),
            ("192.0.2.128/25", "192.0.2.200", true), ("fe80::/10", "febf::1", true), ("fe80::/10", "fec0::1", false),
            ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "::1", false), ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
        ])
    func ranges(range: String, address: String, holds: Bool) throws {
        let range = try #require(AddressRange(range))
        #expect(range.contains(try #require(NetworkAddress(address))) == holds)
    }

    @Test("what is no range is none", arguments: ["10.0.0.0/33", "10.0.0.0/-1", "fe80::/129", "10.0.0.0/8/8", "all", "/8", "10.0.0.0/x"])
    func noRange(text: String) { #expect(AddressRange(text) == nil) }

    @Test("a refusal names the key that could change it; deny wins over allow, wrapped addresses are seen through")
    func policy() throws {
        let denied = try #require(AddressRange("169.254.0.0/16"))
        let allowed = try #require(AddressRange("10.0.0.0/8"))
        let policy = AddressPolicy(allowed: [allowed, denied], denied: [denied], allowsLoopback: false)
        func refusal(_ text: String) throws -> String? { policy.refusal(of: try #require(NetworkAddress(text))) }
        #expect(try refusal("10.1.2.3") == nil)
        #expect(try refusal("::ffff:10.1.2.3") == nil)
        #expect(try refusal("11.1.2.3")?.contains("'probe.allowTargets'") == true)
        #expect(try refusal("169.254.169.254")?.contains("'probe.denyTargets'") == true)
        #expect(try refusal("64:ff9b::a9fe:a9fe")?.contains("'probe.denyTargets'") == true)
        let local = AddressPolicy(allowed: [], denied: [], allowsLoopback: false)
        for text in ["127.0.0.1", "127.255.0.1", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1", "2130706433"] {
            #expect(local.refusal(of: try #require(NetworkAddress(text))) != nil, "\(text)")
        }
    }

    @Test(
        "who denies loopback denies what the system dials as loopback",
        arguments: ["0.0.0.0", "0", "0x0", "00.0", "::", "[::]", "::ffff:0.0.0.0", "::ffff:127.0.0.1", "0x7f.1", "64:ff9b::7f00:1"])
    func unspecified(text: String) throws {
        let policy = AddressPolicy(allowed: [], denied: [try #require(AddressRange("127.0.0.0/8"))], allowsLoopback: true)
        #expect(policy.refusal(of: try #require(NetworkAddress(text)))?.contains("'probe.denyTargets'") == true)
        let six = AddressPolicy(allowed: [], denied: [try #require(AddressRange("::1"))], allowsLoopback: true)
        #expect((six.refusal(of: try #require(NetworkAddress(text))) != nil) == !text.contains("7"))
    }
}
