import Testing

@testable import StatusServer

@Suite struct DoorTests {
    private static let door = Door(listener: .network, hostNames: ["monitor.fabrikam.com"])

    private static func caller(
        _ method: String, _ path: String, host: String = "127.0.0.1:9717", origin: String? = nil, site: String? = nil,
        forwarded: Bool = false, loopback: Bool = true
    ) -> Door.Caller {
        Door.Caller(method: method, path: path, host: host, origin: origin, fetchSite: site, isForwarded: forwarded, isLoopback: loopback)
    }

    static let open: [Door.Caller] = [
        caller("GET", "/"), caller("GET", "/", host: "localhost:9717"), caller("GET", "/", host: "[::1]:9717"),
        caller("GET", "/", host: "MONITOR.fabrikam.com"),
        caller("GET", "/metrics", host: "anything.example"), caller("GET", "/-/healthy", host: ""), caller("GET", "/", loopback: false),
        caller("POST", "/-/reload"), caller("POST", "/-/restart", site: "same-origin"), caller("POST", "/-/restart", site: "none"),
        caller("POST", "/-/reload", origin: "http://127.0.0.1:9717"),
        // Whether its address may ask for a probe is decided later, by the configuration in force.
        caller("GET", "/probe"), caller("GET", "/probe", loopback: false), caller("GET", "/probe", site: "same-origin"),
    ]

    static let closed: [Door.Caller] = [
        caller("GET", "/", host: "evil.example"), caller("GET", "/api/v1/results", host: "fabrikam.com"), caller("GET", "/", host: ""),
        caller("GET", "/", host: "1.2.3.4.evil.example"), caller("GET", "/", host: "127.0.0.1.nip.io:9717"),
        caller("POST", "/-/reload", loopback: false), caller("POST", "/-/reload", forwarded: true),
        caller("POST", "/-/reload", site: "cross-site"),
        caller("POST", "/-/reload", site: "same-site"), caller("POST", "/-/reload", origin: "null"),
        caller("POST", "/-/reload", origin: "http://evil.example"),
        caller("POST", "/-/reload", origin: "https://127.0.0.1:9717"), caller("POST", "/api/v1/invoke"), caller("DELETE", "/"),
        caller("GET", "/probe", host: "evil.example"), caller("GET", "/probe", site: "cross-site"),
        caller("GET", "/probe", origin: "http://evil.example"),
    ]

    @Test("who may come in", arguments: open)
    func comesIn(caller: Door.Caller) { #expect(Self.door.verdict(caller) == .open) }

    @Test("who may not", arguments: closed)
    func staysOut(caller: Door.Caller) { #expect(Self.door.verdict(caller) != .open) }

    @Test("the control socket is open to whoever may open it")
    func socket() {
        #expect(Door(listener: .controlSocket, hostNames: []).verdict(Self.caller("POST", "/api/v1/invoke", host: "x")) == .open)
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

    @Test("gzip is sent to whom accepts it")
    func gzip() {
        #expect(Negotiation.acceptsGzip("deflate, gzip;q=0.5"))
        #expect(!Negotiation.acceptsGzip("gzip;q=0, deflate"))
        #expect(!Negotiation.acceptsGzip(nil))
    }
}
