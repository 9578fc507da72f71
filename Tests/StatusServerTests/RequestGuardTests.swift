import Exposition
import HTTPTypes
import Monitoring
import Testing

@testable import StatusServer

@Suite struct RequestGuardTests {
    private static let requestGuard = RequestGuard(listener: .network, hostNames: ["monitor.fabrikam.com"])

    private static func caller(
        _ method: String, _ route: String?, host: String = "127.0.0.1:9717", origin: String? = nil, site: String? = nil,
        forwarded: Bool = false, loopback: Bool = true
    ) -> RequestGuard.Caller {
        RequestGuard.Caller(
            method: method, route: route, host: host, origin: origin, fetchSite: site, isForwarded: forwarded, isLoopback: loopback)
    }

    static let open: [RequestGuard.Caller] = [
        caller("GET", "/"), caller("GET", "/", host: "localhost:9717"), caller("GET", "/", host: "[::1]:9717"),
        caller("GET", "/", host: "MONITOR.fabrikam.com"),
        caller("GET", "/metrics", host: "anything.example"), caller("GET", "/-/healthy", host: ""), caller("GET", "/", loopback: false),
        caller("POST", "/-/reload"), caller("POST", "/-/restart", site: "same-origin"), caller("POST", "/-/restart", site: "none"),
        caller("POST", "/-/reload", origin: "http://127.0.0.1:9717"),
        // Whether its address may ask for a probe is decided later, by the configuration in force.
        caller("GET", "/probe"), caller("GET", "/probe", loopback: false), caller("GET", "/probe", site: "same-origin"),
    ]

    static let closed: [RequestGuard.Caller] = [
        caller("GET", "/", host: "evil.example"), caller("GET", "/api/v1/results", host: "fabrikam.com"), caller("GET", "/", host: ""),
        caller("GET", "/", host: "1.2.3.4.evil.example"), caller("GET", "/", host: "127.0.0.1.nip.io:9717"),
        caller("POST", "/-/reload", loopback: false), caller("POST", "/-/reload", forwarded: true),
        caller("POST", "/-/reload", site: "cross-site"),
        caller("POST", "/-/reload", site: "same-site"), caller("POST", "/-/reload", origin: "null"),
        caller("POST", "/-/reload", origin: "http://evil.example"),
        caller("POST", "/-/reload", origin: "https://127.0.0.1:9717"), caller("POST", "/api/v1/invoke"), caller("DELETE", "/"),
        caller("GET", "/probe", host: "evil.example"), caller("GET", "/probe", site: "cross-site"),
        caller("GET", "/probe", origin: "http://evil.example"), caller("HEAD", "/probe", site: "cross-site"),
        // No route: nothing is answered, and nothing is let in.
        caller("GET", nil, host: "evil.example"), caller("POST", nil),
    ]

    @Test("a page that a proxy serves by HTTPS may order for a user, and for nobody else", arguments: ["", ":443", "/agent"])
    func proxied(end: String) {
        var settings = DaemonSettings()
        settings.externalURL = "https://Monitor.fabrikam.com" + end
        let own = RequestGuard(listener: .network, hostNames: ["monitor.fabrikam.com"], externalOrigin: settings.externalOrigin)
        var caller = Self.caller(
            "POST", "/api/v1/acknowledge", host: "monitor.fabrikam.com", origin: "https://monitor.fabrikam.com", site: "same-origin",
            forwarded: true)
        #expect(own.verdict(caller) != .allow)
        caller.isUser = true
        #expect(own.verdict(caller) == .allow && Self.requestGuard.verdict(caller) != .allow)
        for origin in ["https://monitor.fabrikam.com:8443", "https://evil.example", "null"] {
            caller.origin = origin
            #expect(own.verdict(caller) != .allow, "\(origin)")
        }
    }

    @Test("who may come in", arguments: open)
    func comesIn(caller: RequestGuard.Caller) { #expect(Self.requestGuard.verdict(caller) == .allow) }

    @Test("who may not", arguments: closed)
    func staysOut(caller: RequestGuard.Caller) { #expect(Self.requestGuard.verdict(caller) != .allow) }

    @Test("behind a proxy nobody on the network is on this machine for sure; what anybody may see stays open")
    func behindProxy() {
        let requestGuard = RequestGuard(listener: .network, hostNames: [], isBehindProxy: true)
        #expect(requestGuard.verdict(Self.caller("POST", "/-/reload")) != .allow)
        #expect(requestGuard.verdict(Self.caller("GET", "/metrics")) == .allow)
    }

    @Test(
        "a header by which proxies tell whom a request is from",
        arguments: [
            "Forwarded", "forwarded-for", "Via", "X-Forwarded", "X-Forwarded-For", "X_Forwarded_For", "X-Forwarded-Host", "X-Real-IP",
            "X-Client-IP",
            "X-Cluster-Client-IP", "True-Client-IP", "CF-Connecting-IP", "CF-Ray", "Fastly-Client-IP", "Fly-Client-IP", "X-Original-URL",
            "X-Original-Forwarded-For", "X-Rewrite-URL", "X-Envoy-External-Address", "X-Arr-SSL", "X-Azure-ClientIP", "X-Amzn-Trace-Id",
            "X-Remote-Addr", "X-Appengine-User-IP", "Proxy-Client-IP", "WL-Proxy-Client-IP", "X-Vercel-Forwarded-For", "CDN-Loop",
        ])
    func trace(name: String) throws {
        let field = try #require(HTTPField.Name(name))
        #expect(ProxyTrace.isLeft(in: [field: "192.0.2.1"]))
    }

    @Test("what Prometheus, browsers and curl send is no trace of a proxy")
    func noTrace() throws {
        var headers: HTTPFields = [:]
        for name in [
            "Host", "Accept", "Accept-Encoding", "Accept-Language", "User-Agent", "Connection", "Cookie", "Origin", "Referer", "DNT",
            "Sec-Fetch-Site", "Sec-CH-UA", "Upgrade-Insecure-Requests", "X-Prometheus-Scrape-Timeout-Seconds", "Content-Type",
            "traceparent",
        ] { headers[try #require(HTTPField.Name(name))] = "x" }
        #expect(!ProxyTrace.isLeft(in: headers))
    }

    @Test("the control socket is open to whoever may open it")
    func socket() {
        #expect(RequestGuard(listener: .controlSocket, hostNames: []).verdict(Self.caller("POST", "/api/v1/invoke", host: "x")) == .allow)
    }
}

@Suite struct NegotiationTests {
    @Test(
        "the format Prometheus asks for",
        arguments: [
            (nil, MetricText.Format.text), ("*/*", .text), ("text/plain", .text),
            ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", .openMetrics),
            ("application/openmetrics-text; version=1.0.0; q=0.2, text/plain; q=0.9", .text), ("application/openmetrics-text;q=0", .text),
        ] as [(String?, MetricText.Format)])
    func format(accept: String?, expected: MetricText.Format) { #expect(Negotiation.format(accept: accept) == expected) }

    @Test("a client that asks for the escaping of names is told it, another is not")
    func escaping() {
        let asked = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2"
        #expect(
            Negotiation.contentType(.openMetrics, accept: asked)
                == "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores")
        #expect(Negotiation.contentType(.text, accept: "text/plain") == "text/plain; version=0.0.4; charset=utf-8")
    }

    @Test("gzip is sent to whom accepts it")
    func gzip() {
        #expect(Negotiation.acceptsGzip("deflate, gzip;q=0.5"))
        #expect(!Negotiation.acceptsGzip("gzip;q=0, deflate"))
        #expect(!Negotiation.acceptsGzip(nil))
    }
}
