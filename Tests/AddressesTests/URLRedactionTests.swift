import Addresses
import Testing

@Suite struct URLRedactionTests {
    @Test(
        "a target loses its userinfo and nothing else",
        arguments: [
            ("https://user:pass@host/a?b=c", "https://xxxxx@host/a?b=c"), ("https://token@host", "https://xxxxx@host"),
            ("user:pass@host:80/a", "xxxxx@host:80/a"), ("http://a@b@c/", "http://xxxxx@c/"),
            ("http://user:pa/ss@host/", "http://xxxxx@host/"), ("http://user:pa?s#s@host", "http://xxxxx@host"),
            ("http://user:pa\\ss@host", "http://xxxxx@host"), ("https://FABRIKAM\\svc:pass@host/owa", "https://xxxxx@host/owa"),
            ("https://host/a@b", "https://host/a@b"), ("https://host:8443/?to=a@b", "https://host:8443/?to=a@b"),
            ("https://[::1]/a@b", "https://[::1]/a@b"), ("/run/a@b.sock", "/run/a@b.sock"), ("mbx01:25", "mbx01:25"), ("", ""),
            ("host/?to=http://a:b@c/", "host/?to=http://a:b@c/"),
        ])
    func target(text: String, shown: String) { #expect(URLRedaction.target(text) == shown) }

    @Test(
        "an endpoint loses userinfo, query and fragment, in its description and in that of what holds it",
        arguments: [
            ("https://user:pass@host/a?b=c@d", "https://xxxxx@host/a?xxxxx"), ("https://host/hook?to=a@b", "https://host/hook?xxxxx"),
            ("https://host/#t", "https://host/#xxxxx"), ("user:pa?ss@host/?k", "xxxxx@host/?xxxxx"), ("https://host/a", "https://host/a"),
        ])
    func endpoint(text: String, shown: String) {
        struct Holder { var url: EndpointURL }
        #expect("\(EndpointURL(text))" == shown)
        #expect(String(reflecting: Holder(url: EndpointURL(text))).contains(shown))
        #expect(shown == text || !String(reflecting: Holder(url: EndpointURL(text))).contains(text))
    }

    @Test(
        "every URL of a sentence loses its userinfo",
        arguments: [
            (
                "from http://a:b@c/x to 'https://d:e@f/' and host/g@h, i@j", "from http://xxxxx@c/x to 'https://xxxxx@f/' and host/g@h, i@j"
            ),
            ("found 'http://a:80' for me@home", "found 'http://a:80' for me@home"), ("://@", "://xxxxx@"),
            ("Unsupported proxy syntax in 'http://u:p/w@proxy:3128'", "Unsupported proxy syntax in 'http://xxxxx@proxy:3128'"),
        ])
    func sentence(text: String, shown: String) { #expect(URLRedaction.sentence(text) == shown) }

    @Test("a long text is cut, and one that is made of nothing but URLs costs no more than another")
    func long() {
        for piece in ["://@", "http://@", "a://b:c/", "a://b:c/@", "http://a:b@c/,"] {
            let shown = URLRedaction.sentence(String(repeating: piece, count: 200_000))
            #expect(shown.utf8.count <= 3 * 8192 && shown.hasSuffix("…"), "\(piece)")
            _ = URLRedaction.target(String(repeating: piece, count: 20_000))
        }
        // A login that the cut goes through has lost what it is known by.
        let cut = URLRedaction.sentence(String(repeating: "a ", count: 4085) + "http://user:secret-of-theirs@host/")
        #expect(cut.hasSuffix("a …") && !cut.contains("secret"))
        #expect(URLRedaction.sentence("http://a:b@c/,http://d:e@f/") == "http://xxxxx@c/,http://xxxxx@f/")
    }

    @Test("texts that differ only in what is hidden are told apart")
    func distinct() {
        let texts = ["http://a:1@h/", "http://h/", "http://b:2@h/", "http://xxxxx@h/", "http://a:1@h/x"]
        let shown = URLRedaction.distinct(texts) { URLRedaction.target($0, mask: $1) }
        #expect(shown == ["http://xxxxx@h/", "http://h/", "http://xxxxx2@h/", "http://xxxxx3@h/", "http://xxxxx@h/x"])
    }
}
