import FoundationEssentials
import TestSupport
import Testing
import Transfers

/// HTTP/2 peers that send frames without end: each costs us something, and none of them is an answer.
@Suite struct HTTP2FloodTests {
    private static let frames = """
        def frame(kind, flags, stream, body=b""): return struct.pack("!I", len(body))[1:] + struct.pack("!BBI", kind, flags, stream) + body
        peer.sendall(frame(4, 0, 0) + frame(4, 1, 0))

        """
    private static let headers = "peer.sendall(frame(1, 4, 1, b'\\x88'))\n"

    @Test(
        "frames without end cost nobody else their answer, and end at the deadline or before",
        arguments: [
            ("pings", "while True: peer.sendall(frame(6, 0, 0, bytes(8)) * 5000)"),
            ("settings", "while True: peer.sendall(frame(4, 0, 0, struct.pack('!HI', 3, 100)) * 5000)"),
            ("acknowledged pings", "while True: peer.sendall(frame(6, 1, 0, bytes(8)) * 5000)"),
            ("empty data", headers + "while True: peer.sendall(frame(0, 0, 1) * 5000)"),
            ("padding alone", headers + "while True: peer.sendall(frame(0, 8, 1, bytes([255]) + bytes(255)) * 500)"),
            ("one byte of data", headers + "while True: peer.sendall(frame(0, 0, 1, b'x') * 5000)"),
            ("continuations", "peer.sendall(frame(1, 0, 1, b'\\x88'))\nwhile True: peer.sendall(frame(9, 0, 1) * 5000)"),
            ("priorities", "while True: peer.sendall(frame(2, 0, 1, bytes([0, 0, 0, 3, 1])) * 5000)"),
            ("windows", "while True: peer.sendall(frame(8, 0, 0, struct.pack('!I', 1)) * 5000)"),
            ("unknown frames", "while True: peer.sendall(frame(99, 0, 0, bytes(100)) * 5000)"),
        ])
    func flood(name: String, behaviour: String) async throws {
        let greedy = try await PeerServer(Self.frames + behaviour)
        let innocent = try await PeerServer("peer.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello')")
        let transfers = Transfers()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var request = greedy.request(within: .seconds(4))
                    request.version = .http2Only
                    request.bounds.body = .max
                    request.keepsBody = false
                    let report = await transfers.exchange(request)
                    #expect(report.failure != nil)
                }
            }
            group.addTask {
                #expect(await eventually(within: .seconds(60)) { greedy.connections == 4 })
                for _ in 0..<10 {
                    let report = await transfers.exchange(innocent.request())
                    #expect(report.failure == nil, "\(String(describing: report.failure))")
                }
            }
        }
    }

    @Test("a large body over HTTP/2 comes whole, through as many turns as it needs")
    func large() async throws {
        let server = try await PeerServer(
            Self.frames + """
                import threading
                def drain():
                    try:
                        while peer.recv(65536): pass
                    except OSError: pass
                threading.Thread(target=drain, daemon=True).start()
                peer.sendall(frame(1, 4, 1, b"\\x88"))
                for _ in range(500): peer.sendall(frame(0, 0, 1, b"xxxx") * 250)
                peer.sendall(frame(0, 1, 1))
                time.sleep(30)
                """)
        var request = server.request(within: .seconds(60))
        request.version = .http2Only
        let report = await Transfers().exchange(request)
        #expect(report.failure == nil && report.response?.bodyLength == 500_000, "\(String(describing: report.failure))")
    }
}
