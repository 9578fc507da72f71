import Addresses
import Escalation
import FoundationEssentials
import HealthManager
import Logging
import Monitoring
import Probing
import ServiceLifecycle
import TestSupport
import Testing
import Transfers

/// Receivers of webhooks and alerts that flood, drip, stay silent, talk garbage or cut: none of them costs the others anything.
@Suite struct HostileReceiverTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private static let transfers = Transfers()

    /// Ways of answering, and whether the receiver counts as told: its status decides.
    private static let ways: [(name: String, isTold: Bool)] = [
        ("silent", false), ("garbage", false), ("reset", false), ("headers", false), ("dripped-status", false), ("continue", false),
        ("flood", true), ("drip", true), ("cut", true), ("bomb", true),
    ]

    private static let script = """
        import gzip, io, socket, socketserver, struct, sys, threading, time
        bomb = io.BytesIO()
        with gzip.GzipFile(fileobj=bomb, mode="wb") as file:
            for _ in range(300): file.write(bytes(1 << 20))
        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                try: self.answer(self.server.way)
                except OSError: pass
            def answer(self, way):
                peer, whole = self.request, b"HTTP/1.1 200 OK\\r\\n"
                peer.recv(65536)
                if way == "silent": time.sleep(600)
                if way == "garbage": peer.sendall(bytes(range(256)) * 100)
                if way == "reset": peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                if way == "headers":
                    peer.sendall(b"HTTP/1.1 500 No\\r\\n")
                    while True: peer.sendall(b"X: " + b"x" * 1000 + b"\\r\\n")
                if way == "dripped-status":
                    while True: peer.sendall(b"H"); time.sleep(0.2)
                if way == "continue":
                    while True: peer.sendall(b"HTTP/1.1 100 Continue\\r\\n\\r\\n" * 100)
                if way == "flood":
                    peer.sendall(whole + b"\\r\\n")
                    while True: peer.sendall(b"x" * 65536)
                if way == "drip":
                    peer.sendall(whole + b"\\r\\n")
                    while True: peer.sendall(b"x"); time.sleep(0.2)
                if way == "cut": peer.sendall(whole + b"Content-Length: 100\\r\\n\\r\\nx")
                if way == "bomb": peer.sendall(whole + b"Content-Encoding: gzip\\r\\n\\r\\n" + bomb.getvalue())
        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
        for way in sys.argv[1:]:
            server = Server(("127.0.0.1", 0), Handler)
            server.way = way
            threading.Thread(target=server.serve_forever, daemon=True).start()
            print("WAY", way, server.server_address[1], file=sys.stderr, flush=True)
        print("ready", file=sys.stderr, flush=True)
        time.sleep(3600)
        """

    /// All of them, each on a port of its own; ended with this value.
    private final class Receivers: Sendable {
        private let program: Program
        let urls: [String: String]

        init() async throws {
            program = try Program(Program.python, ["-c", HostileReceiverTests.script] + HostileReceiverTests.ways.map(\.name))
            guard await program.says("ready") else { throw AgentSite.NotStarted(errors: program.errors) }
            let lines = program.errors.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            urls = Dictionary(uniqueKeysWithValues: lines.filter { $0.first == "WAY" }.map { ($0[1], "http://127.0.0.1:\($0[2])") })
        }

        deinit { program.send(9) }
    }

    @Test("a webhook ends within its time whatever its receiver does, and counts as told where a good status came")
    func webhooks() async throws {
        let receivers = try await Receivers()
        let hook = try await HookServer()
        let acting = ActionRunner(OutboundClient(Self.transfers, userAgent: "agent/test"), time: SystemTime())
        await withTaskGroup(of: (name: String, result: ActionResult).self) { group in
            for (name, _) in Self.ways {
                for _ in 0..<3 {
                    var responder = Responder(
                        name: name, action: .webhook(url: EndpointURL(receivers.urls[name] ?? ""), authorizationFile: nil))
                    responder.timeout = .seconds(2)
                    group.addTask { [responder] in (name, await acting.act(responder, event: .test())) }
                }
            }
            var innocent = Responder(name: "innocent", action: .webhook(url: EndpointURL(hook.url("/ok")), authorizationFile: nil))
            innocent.timeout = .seconds(10)
            group.addTask { [innocent] in ("innocent", await acting.act(innocent, event: .test())) }
            for await (name, result) in group {
                let isTold = Self.ways.first { $0.name == name }?.isTold ?? true
                #expect(result.succeeded == isTold && result.isUndone == !isTold, "\(name): \(result.detail)")
                #expect(result.detail.utf8.count < 2000, "\(name)")
            }
        }
        #expect(await hook.requests("/ok", awaiting: 1).count == 1)
    }

    @Test("Alertmanagers that do so delay no other, and those that said no are tried again")
    func alertmanagers() async throws {
        let receivers = try await Receivers()
        let hook = try await HookServer()
        let time = ManualTime(now: Date())
        var configuration = AgentConfiguration()
        configuration.alertmanagers = (receivers.urls.values + [hook.url("")]).map { AlertmanagerConfiguration(EndpointURL($0)) }
        let journal = MemoryJournal()
        let sender = AlertSender(
            OutboundClient(Self.transfers, userAgent: "agent/test"), journal: journal, time: time, logger: Self.logger)
        let site = try TroubledSite(
            ["mbx01"], configuration: configuration, time: time, observers: [sender], journal: journal, keepsDate: true)
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await site.manager.run() }
            group.addTask { try await sender.service { await site.manager.alerts() }.run() }
            site.set(TroubledSite.failure, on: ["mbx01"])
            #expect(await site.advance { await site.states(.unhealthy) == 1 })
            #expect(await eventually(within: .seconds(60)) { hook.requests("/api/v2/alerts").contains { $0.body.contains("mbx01") } })
            for (name, isTold) in Self.ways {
                let url = receivers.urls[name] ?? ""
                #expect(
                    await eventually(within: .seconds(60)) {
                        let ledger = sender.ledgers[url]
                        return isTold ? ledger?.lastSuccess != nil : (ledger?.failures ?? 0) > 0
                    }, "\(name): \(String(describing: sender.ledgers[url]))")
            }
            group.cancelAll()
        }
    }
}
