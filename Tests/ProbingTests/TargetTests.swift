import Probing
import Testing

@Suite struct TargetTests {
    @Test(
        "the host of a target is found in every form it is written in",
        arguments: [
            ("mail.fabrikam.com", "mail.fabrikam.com"), ("mail.fabrikam.com:25", "mail.fabrikam.com"), ("[2001:db8::1]:25", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"), ("https://user:x@mail.fabrikam.com:8443/owa?a=b@c:1", "mail.fabrikam.com"),
            ("https://[::1]/x", "::1"), ("ws://a?b/c", "a"), ("unix:///run/x.sock", ""), ("/run/x.sock", ""),
        ])
    func hosts(text: String, host: String) { #expect(Target.host(in: text) == host) }
}
