import FoundationEssentials
import Probing
import TargetKinds
import TestSupport
import Testing
import Transfers

/// `domain-expiry` against an RDAP server on loopback.
@Suite struct DomainExpiryTests {
    private let certificates: TestCertificates
    private let root: TestCertificates.Identity
    private let server: PythonServer

    init() async throws {
        certificates = try TestCertificates()
        root = try await certificates.root("root")
        let leaf = try await certificates.leaf("leaf", by: root)
        server = try await PythonServer(
            """
            import datetime, http.server, json
            def domain(days, style):
                end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
                return json.dumps({"objectClassName": "domain", "events": [
                    {"eventAction": "registration", "eventDate": "2001-01-01T00:00:00Z"},
                    {"eventAction": "expiration", "eventDate": end.strftime(style)}]})
            Z, MILLIS = "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.123Z"
            ANSWERS = {"other.test": (200, json.dumps({"objectClassName": "domain", "ldhName": "GOOD.TEST", "events": []})), "good.test": (200, domain(300, Z)), "soon.test": (200, domain(20, MILLIS)), "very.test": (200, domain(3, Z)),
                "gone.test": (200, domain(-3, Z)), "busy.test": (429, ""), "odd.test": (200, "{}"), "text.test": (200, "<html>"), "error.test": (500, "")}
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    name = self.path.removeprefix("/rdap/domain/")
                    if name == "moved.test":
                        self.send_response(302); self.send_header("Location", "/rdap/domain/good.test"); self.send_header("Content-Length", "0"); return self.end_headers()
                    status, body = ANSWERS.get(name, (404, ""))
                    self.send_response(status); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body.encode())
                def log_message(self, *arguments): say(self.path, self.headers["Accept"])
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1], sys.argv[2])
            httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
            ready(httpd.server_address[1])
            httpd.serve_forever()
            """, [leaf.certificate, leaf.key])
    }

    private func run(_ domain: String, _ more: Written = [:]) async throws -> KindRun {
        try await KindRun(
            "domain-expiry", domain,
            more.with("tls_config", ["ca_file": .text(root.certificate)]))
    }

    private var base: String { "https://\(server.address)/rdap/" }

    @Test(
        "the verdict on each answer of a registry",
        arguments: [
            ("good.test", nil, ResultType.succeeded), ("GOOD.test", nil, .succeeded), ("moved.test", nil, .succeeded),
            ("soon.test", .domainExpiresSoon, .succeeded), ("very.test", .domainExpiresVerySoon, .failed),
            ("gone.test", .domainExpired, .failed), ("none.test", .domainMissing, .failed), ("busy.test", .endpointThrottled, .rejected),
            ("odd.test", .answerUnexpected, .rejected), ("text.test", .answerUnexpected, .rejected), ("error.test", .httpStatus, .rejected),
            ("other.test", .answerUnexpected, .rejected), ("nodots", .targetInvalid, .rejected),
            ("good.test:443", .targetInvalid, .rejected),
        ] as [(String, Reason?, ResultType)])
    func answers(domain: String, reason: Reason?, result: ResultType) async throws {
        let run = try await run(domain, ["server": .text(base)])
        #expect(run.reason == reason && run.result == result, run.story)
        if domain == "good.test" {
            #expect(Int(run.outcome.sampleValue ?? 0) == 299)
            let limits = run.outcome.observations.flatMap(\.measurements).filter { $0.metric == .threshold }
            #expect(limits.map(\.value) == [30 * 86_400, 7 * 86_400])
        }
    }

    @Test("a forecast goes by the end that the registry has said last, and does not ask again")
    func forecast() async throws {
        let services = TargetServices(transfers: Transfers(), userAgent: "agent/test")
        func run(server: String, at date: Date? = nil) async throws -> KindRun {
            let options: Written = ["server": .text(server), "tls_config": ["ca_file": .text(root.certificate)]]
            return try await KindRun("domain-expiry", Target("good.test"), options, services: services, forecastAt: date)
        }
        let asked = try await run(server: base)
        let turns = asked.turns.sorted().map { Int(($0.timeIntervalSinceNow / 86_400).rounded()) }
        #expect(asked.result == .succeeded && turns == [270, 293, 300], "\(turns)")
        let end = try #require(asked.turns.max())
        for (days, reason) in [(-31.0, nil), (-29, .domainExpiresSoon), (-6, .domainExpiresVerySoon), (1, .domainExpired)]
            as [(Double, Reason?)]
        {
            let there = try await run(server: "https://192.0.2.1/", at: end.addingTimeInterval(days * 86_400))
            #expect(there.reason == reason, there.story)
        }
    }

    @Test("the service of the longest ending is asked; a list that is none, and an ending without a service, cannot be judged")
    func bootstrap() async throws {
        let file = try certificates.directory.write(
            "dns.json",
            #"{"version": "1.0", "services": [[["com"], ["https://192.0.2.1/"]], [["TEST"], ["http://192.0.2.1/", "\#(base)"]], [["x.y.test"], ["https://192.0.2.1/"]]]}"#
        )
        #expect(try await run("good.test", ["bootstrapFile": .text(file)]).result == .succeeded)
        #expect(try await run("good.example", ["bootstrapFile": .text(file)]).reason == .notObserved)
        let broken = try certificates.directory.write("broken.json", "{")
        #expect(try await run("good.test", ["bootstrapFile": .text(broken)]).reason == .configIncomplete)
        let unlisted = try await run("good.test")
        #expect(
            unlisted.reason == .notObserved && unlisted.outcome.findings.first?.sentence.contains("set 'bootstrapFile'") == true,
            unlisted.story)
    }

    @Test(
        "options that cannot be used are refused; a list may be there by the time of a run",
        arguments: [
            (["server": "http://plain/"], "error: 'server' must be a URL"),
            (["server": "https://rdap.test/?key=1"], "error: 'server' must be a URL"),
            (["failBelow": "40d"], "error: 'failBelow' must not be longer than 'warnBelow'"),
            (["warnBelow": "2d"], "error: 'failBelow' must not be longer than 'warnBelow'"),
            (["warnBelow": "60d", "failBelow": "40d"], nil),
            (
                ["bootstrapFile": "/nonexistent/dns.json"],
                "warning: 'bootstrapFile' cannot be used: /nonexistent/dns.json: there is no such file"
            ),
        ] as [(Written, String?)])
    func refused(options: Written, sentence: String?) throws {
        let kinds = TargetKinds.all(TargetServices(transfers: Transfers(), userAgent: "agent/test"))
        let kind = try #require(KindCatalog(kinds).kinds(named: "domain-expiry").first)
        let found = ConfiguredKind(kind, options: options.setting).diagnostics.map { "\($0.severity): \($0.sentence)" }
        #expect(found.count == (sentence == nil ? 0 : 1) && found.first?.hasPrefix(sentence ?? "") != false, "\(found)")
    }
}
