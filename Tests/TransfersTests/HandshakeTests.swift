import Certificates
import FoundationEssentials
import Hummingbird
import Logging
import Synchronization
import TestSupport
import Testing
import Transfers

@testable import Lab

/// A real TLS server whose faults are the lab's, and which counts the requests that reach it.
private final class CountingServer: Sendable {
    let board = FaultBoard()
    let trust: TrustedRoots
    let server: LabServer
    private let directory: TemporaryDirectory

    init() throws {
        let authority = try LabAuthority(commonName: "Test Root")
        let stranger = try LabAuthority(commonName: "Other Root")
        directory = try TemporaryDirectory()
        trust = TrustedRoots(includesSystem: false, file: try directory.write("ca.pem", authority.rootPEM))
        let requests = Requests()
        record = requests
        server = LabServer(
            name: "mail.fabrikam.com", reservation: try PortReservation(),
            identities: try ServerIdentities(names: ["mail.fabrikam.com"], authority: authority, stranger: stranger, now: Date()),
            board: board,
            place: .mailbox,
            service: .http {
                let router = Router()
                router.get("/redirect") { _, _ in Answer.text(.found, "", headers: [.location: "/hello"]) }
                router.get("/elsewhere") { _, _ in Answer.text(.found, "", headers: [.location: "https://other.example/hello"]) }
                router.get("/loop") { _, _ in Answer.text(.found, "", headers: [.location: "/loop"]) }
                router.get("/endless") { _, _ in Answer.faulty(.endless, document: []) ?? Answer.text(.ok, "") }
                router.get("/slow") { _, _ in Answer.faulty(.slow, document: Array("slow".utf8)) ?? Answer.text(.ok, "") }
                router.get("/hello") { request, _ in
                    requests.all.withLock { $0.append(request.head.authority ?? "") }
                    return Answer.text(.ok, "hello")
                }
                return router
            }, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    final class Requests: Sendable {
        let all = Mutex<[String]>([])
    }

    let record: Requests

    func request(_ path: String = "/hello", deadline: Duration = .seconds(5)) -> ExchangeRequest {
        var request = ExchangeRequest(url: "https://mail.fabrikam.com\(path)", deadline: deadline, trust: trust)
        request.address = server.address
        return request
    }

    /// Serves while the body runs.
    func serving(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let readiness = Readiness()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.server.run { readiness.isReady("server") } }
            await readiness.wait(for: ["server"])
            try await body()
            group.cancelAll()
        }
    }

    func turn(_ fault: String) throws {
        let fault = try #require(Fault.named(fault))
        _ = board.turn(fault, on: true)
    }
}

@Suite struct HandshakeTests {
    private let transfers = Transfers()

    @Test("a good answer has its body, its phases and the chain; SNI and Host are the name, not the address")
    func good() async throws {
        let server = try CountingServer()
        let transfers = transfers
        try await server.serving {
            let report = await transfers.exchange(server.request())
            #expect(report.failure == nil)
            #expect(report.response?.status == 200)
            #expect(report.response.map { String(decoding: $0.body, as: UTF8.self) } == "hello")
            #expect(report.verdict?.fault == nil && report.verdict != nil)
            #expect(report.tls?.leaf?.names == ["mail.fabrikam.com"])
            #expect(Set(report.phases.keys) == Set(ExchangePhase.allCases))
            #expect(report.remoteAddress == server.server.address)
            #expect(server.record.all.withLock { $0 } == ["mail.fabrikam.com"])
        }
    }

    @Test(
        "a certificate that does not verify is kept, the reason told, and no request sent",
        arguments: [
            ("metadata-tls-expired", ChainVerdict.Fault.expired), ("metadata-tls-not-yet-valid", .notYetValid),
            ("metadata-tls-untrusted", .untrusted),
            ("metadata-tls-wrong-name", .nameMismatch),
        ])
    func rejected(fault: String, verdict: ChainVerdict.Fault) async throws {
        let server = try CountingServer()
        try server.turn(fault)
        let transfers = transfers
        try await server.serving {
            let report = await transfers.exchange(server.request())
            #expect(report.failure?.kind == .certificateRejected && report.failure?.phase == .tls)
            #expect(report.verdict?.fault == verdict)
            #expect(report.tls?.leaf?.keyBits == 256)
            #expect(report.response == nil)
            #expect(server.record.all.withLock { $0 }.isEmpty)
        }
    }

    @Test(
        "each way a connection ends is told apart",
        arguments: [
            ("metadata-refused", ExchangeFailure.Kind.refused, ExchangePhase.connect), ("metadata-unanswered", .connectTimeout, .connect),
            ("metadata-silent", .timeout, .tls), ("metadata-reset", .reset, .tls), ("metadata-plain-http", .handshakeFailed, .tls),
        ])
    func failures(fault: String, kind: ExchangeFailure.Kind, phase: ExchangePhase) async throws {
        let server = try CountingServer()
        try server.turn(fault)
        let transfers = transfers
        try await server.serving {
            let report = await transfers.exchange(server.request(deadline: .seconds(2)))
            #expect(report.failure?.kind == kind && report.failure?.phase == phase, "\(String(describing: report.failure))")
        }
    }

    @Test("an end of its own date verifies as of that date")
    func verificationDate() async throws {
        let server = try CountingServer()
        let transfers = transfers
        try await server.serving {
            var request = server.request()
            request.tls.verificationDate = Date() + 100 * 86400
            #expect(await transfers.exchange(request).verdict?.fault == .expired)
        }
    }

    @Test("bodies without end and answers that drip are cut off")
    func bounds() async throws {
        let server = try CountingServer()
        let transfers = transfers
        try await server.serving {
            let endless = await transfers.exchange(server.request("/endless"))
            #expect(endless.failure?.kind == .bodyTooLarge)
            let slow = await transfers.exchange(server.request("/slow", deadline: .seconds(2)))
            #expect(slow.failure?.kind == .timeout && slow.failure?.phase == .transfer)
        }
    }

    @Test("redirects are refused, followed on the same host, and bounded, as the request says")
    func redirects() async throws {
        let server = try CountingServer()
        let transfers = transfers
        try await server.serving {
            var request = server.request("/redirect")
            #expect(await transfers.exchange(request).response?.status == 302)
            request.redirects = .sameHost(maximum: 3)
            let followed = await transfers.exchange(request)
            #expect(followed.response?.status == 200 && followed.redirects == 1)
            request.url = "https://mail.fabrikam.com/elsewhere"
            #expect(await transfers.exchange(request).response?.status == 302)
            request.url = "https://mail.fabrikam.com/loop"
            #expect(await transfers.exchange(request).failure?.kind == .tooManyRedirects)
        }
    }

    @Test("a silent server delays none of two hundred others, and a cancelled exchange ends at once")
    func concurrent() async throws {
        let silent = try CountingServer()
        try silent.turn("metadata-silent")
        let good = try CountingServer()
        let transfers = transfers
        try await silent.serving {
            try await good.serving {
                let waiting = Task { await transfers.exchange(silent.request(deadline: .seconds(600))) }
                let failures = await withTaskGroup(of: ExchangeFailure?.self) { group in
                    for _ in 0..<200 { group.addTask { await transfers.exchange(good.request(deadline: .seconds(60))).failure } }
                    return await group.reduce(into: [ExchangeFailure?]()) { $0.append($1) }
                }
                let real = failures.compactMap(\.self)
                #expect(real.isEmpty, "\(real.prefix(3))")
                #expect(failures.count == 200)
                waiting.cancel()
                #expect(await waiting.value.failure?.kind == .cancelled)
            }
        }
    }

    @Test("a name with a label of 64 letters does not resolve; no lookup leaves the machine")
    func unknownName() async {
        var request = ExchangeRequest(url: "https://mail.fabrikam.com/", deadline: .seconds(5), trust: .system)
        request.connectTo = ["mail.fabrikam.com:443": String(repeating: "x", count: 64) + ".invalid:443"]
        let report = await transfers.exchange(request)
        #expect(report.failure?.kind == .nameNotResolved && report.failure?.phase == .resolve)
    }
}
