import Addresses
import Testing
import Transfers

@Suite struct ProxyRouteTests {
    @Test(
        "a host is reached without the proxy if it is listed, by name, by domain, by address or by range",
        arguments: [
            ("mail.fabrikam.com", "mail.fabrikam.com"), ("MAIL.fabrikam.com", "mail.Fabrikam.com"), ("fabrikam.com", "fabrikam.com"),
            ("mail.fabrikam.com", "fabrikam.com"), ("a.b.fabrikam.com", "fabrikam.com"), ("mail.fabrikam.com", ".fabrikam.com"),
            ("mail.fabrikam.com", "*.fabrikam.com"), ("192.0.2.7", "192.0.2.7"), ("192.0.2.7", "192.0.2.0/24"),
            ("2001:db8::7", "2001:db8::/32"), ("anything.test", "*"), ("192.0.2.7", "*"),
        ])
    func without(host: String, entry: String) {
        #expect(!ProxyRoute(url: EndpointURL("http://proxy.test:3128"), noProxy: ["other.test", entry]).applies(to: host))
    }

    @Test(
        "any other host is reached through it: one whose name ends alike, one outside of a range, a name beside an address",
        arguments: [
            ("notfabrikam.com", "fabrikam.com"), ("fabrikam.com.test", "fabrikam.com"), ("fabrikam.com", "mail.fabrikam.com"),
            ("192.0.3.7", "192.0.2.0/24"), ("2001:db9::7", "2001:db8::/32"), ("192.0.2.70", "192.0.2.7"),
            ("10.192.0.2.7.test", "192.0.2.7"), ("mail.fabrikam.com", "192.0.2.0/24"), ("192.0.2.7", "2.7"), ("mail.fabrikam.com", ""),
        ])
    func through(host: String, entry: String) {
        #expect(ProxyRoute(url: EndpointURL("http://proxy.test:3128"), noProxy: [entry]).applies(to: host))
        #expect(ProxyRoute(url: EndpointURL("http://proxy.test:3128")).applies(to: host))
    }
}
