import Addresses
import FoundationEssentials
import TestSupport
import Testing
import Transfers

@testable import Documents
@testable import Escalation
@testable import Monitoring
@testable import Probing

extension ResponderEvent {
    /// An event of a monitor on mbx01.
    static func test(sentence: String = "nobody listens", target: String? = nil) -> ResponderEvent {
        let key = MonitorKey(
            probe: ProbeKey(
                identity: ProbeIdentity(healthSet: "Mail", name: "Probe", target: target),
                site: ProbeKey.Site(server: "mbx01", target: target)), name: "Monitor")
        var episode = Episode(key, severity: .critical, began: Date(timeIntervalSince1970: 1_800_000_000))
        episode.reason = .connectRefused
        episode.sentence = sentence
        return ResponderEvent(.unhealthy, episode)
    }
}

@Suite struct WebhookTests {
    private static let transfers = Transfers()

    private func call(_ url: String, authorizationFile: String? = nil, within timeout: Duration = .seconds(10)) async -> ActionResult {
        var responder = Responder(name: "hook", action: .webhook(url: EndpointURL(url), authorizationFile: authorizationFile))
        responder.timeout = timeout
        return await ActionRunner(OutboundClient(Self.transfers, userAgent: "agent/test"), time: SystemTime()).act(
            responder, event: .test())
    }

    @Test("the event is posted as JSON, with the content of the file as authorization, read at each call")
    func posted() async throws {
        let hook = try await HookServer()
        let directory = try TemporaryDirectory()
        let file = try directory.write("token", "Bearer one\n")
        #expect(await call(hook.url("/ok"), authorizationFile: file) == ActionResult(true, "answered with status 200"))
        try directory.write("token", "Bearer two")
        #expect(await call(hook.url("/ok"), authorizationFile: file).succeeded)
        #expect(await call(hook.url("/ok")).succeeded)
        let requests = await hook.requests("/ok", awaiting: 1)
        #expect(requests.map(\.authorization) == ["Bearer one", "Bearer two", nil] && requests[0].type == "application/json")
        let event = try JSONText.decode(ResponderEvent.self, from: Array(requests[0].body.utf8))
        #expect(event.trigger == "unhealthy" && event.server == "mbx01" && event.began == ResponderEvent.test().began)
    }

    @Test("a fault of the other side is tried three times, and a third that succeeds is enough")
    func again() async throws {
        let hook = try await HookServer()
        #expect(await call(hook.url("/flaky")) == ActionResult(true, "answered with status 200 (try 3)"))
        #expect(await call(hook.url("/broken")) == ActionResult(false, "answered with status 503: no such thing (try 3)", isUndone: true))
        #expect(await hook.requests("/broken", awaiting: 3).count == 3)
    }

    @Test("with roots that cannot be used nothing is sent: the system's do not stand in for them")
    func unusableRoots() async throws {
        let directory = try TemporaryDirectory()
        let client = OutboundClient(Self.transfers, userAgent: "agent/test")
        var network = NetworkSettings()
        network.caFile = try directory.write("ca.pem", "no certificate")
        client.use(network)
        let report = await client.post([], to: "https://127.0.0.1:1/", throughProxy: false, within: .seconds(5))
        #expect(
            report.failure?.kind == .credentialUnreadable && report.clause(without: []).contains(network.caFile ?? ""),
            "\(report.clause(without: []))")
    }

    @Test("a fault of ours is tried once; a redirect is not followed")
    func once() async throws {
        let hook = try await HookServer()
        #expect(await call(hook.url("/bad")) == ActionResult(false, "answered with status 400: no such thing", isUndone: true))
        #expect(await call(hook.url("/elsewhere")).succeeded == false)
        #expect(await hook.requests("/bad", awaiting: 1).count == 1)
        #expect(await hook.requests("/elsewhere", awaiting: 1).count == 1 && hook.requests("/ok").isEmpty)
    }

    @Test("where nobody listens it says so, after three tries")
    func absent() async throws {
        let result = await call("http://127.0.0.1:\(try await Alertmanager.freePort())/")
        #expect(!result.succeeded && result.isUndone && result.detail.hasSuffix("(try 3)"), "\(result.detail)")
    }

    @Test("one that never answers is over with the timeout")
    func silent() async throws {
        let hook = try await HookServer()
        // It would answer with 200 after a minute.
        #expect(await call(hook.url("/silent"), within: .seconds(1)).succeeded == false)
        #expect(await hook.requests("/silent", awaiting: 1).count == 1)
    }

    @Test("a file that is not there or holds no line is told by its name, and nothing is sent")
    func noFile() async throws {
        let hook = try await HookServer()
        let directory = try TemporaryDirectory()
        #expect(
            await call(hook.url("/ok"), authorizationFile: "/nonexistent/token")
                == ActionResult(false, "/nonexistent/token: there is no such file", isUndone: true))
        let file = try directory.write("token", "secret one\nsecret two\n")
        #expect(
            await call(hook.url("/ok"), authorizationFile: file)
                == ActionResult(false, "\(file) must contain exactly one line", isUndone: true))
        #expect(hook.requests("/ok").isEmpty)
    }
}
