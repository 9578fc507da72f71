import Addresses
import Testing

@Suite struct HostPortTests {
    @Test(
        "a host and a port, brackets only around colons",
        arguments: [
            ("mbx01:25", "mbx01", 25, "mbx01:25"), ("[::1]:443", "::1", 443, "[::1]:443"), (":9717", "", 9717, ":9717"),
            ("*:0", "*", 0, "*:0"), ("[mbx01]:25", "mbx01", 25, "mbx01:25"),
        ])
    func splits(text: String, host: String, port: UInt16, printed: String) {
        let split = HostPort(text)
        #expect(split == HostPort(host: host, port: port))
        #expect(split?.description == printed)
    }

    @Test("what is none", arguments: ["", "mbx01", "mbx01:", "::1:443", "mbx01:+25", "mbx01:-1", "mbx01:65536", "mbx01: 25", "[::1]443"])
    func refuses(text: String) { #expect(HostPort(text) == nil) }
}
