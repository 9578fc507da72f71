import FoundationEssentials
import Glibc
import TestSupport
import Testing
import Transfers

/// Peers that send without end, all of them on the one thread that also carries everybody else's exchanges.
@Suite struct GreedyPeerTests {
    /// How a greedy peer answers, in Python: `peer` is its socket.
    enum Greed: String, CaseIterable {
        /// Each kilobyte becomes four hundred, without an end.
        case gzip = """
            packer = zlib.compressobj(9, zlib.DEFLATED, 31)
            part = packer.compress((bytes(1 << 20) + os.urandom(1500)) * 16) + packer.flush(zlib.Z_FULL_FLUSH)
            again = packer.compress((bytes(1 << 20) + os.urandom(1500)) * 16) + packer.flush(zlib.Z_FULL_FLUSH)
            peer.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Encoding: gzip\\r\\n\\r\\n" + part)
            while True: peer.sendall(again)
            """
        case oneByteChunks = """
            peer.sendall(b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n")
            part = b"1\\r\\nx\\r\\n" * 100000
            while True: peer.sendall(part)
            """
        case body = """
            peer.sendall(b"HTTP/1.1 200 OK\\r\\n\\r\\n")
            part = bytes(1 << 20)
            while True: peer.sendall(part)
            """
        case gzipInOneByteChunks = """
            packer = zlib.compressobj(9, zlib.DEFLATED, 31)
            part = packer.compress((bytes(1 << 20) + os.urandom(1500)) * 16) + packer.flush(zlib.Z_FULL_FLUSH)
            again = packer.compress((bytes(1 << 20) + os.urandom(1500)) * 16) + packer.flush(zlib.Z_FULL_FLUSH)
            chunked = lambda part: b"".join(b"1\\r\\n" + part[i:i + 1] + b"\\r\\n" for i in range(len(part)))
            part, again = chunked(part), chunked(again)
            peer.sendall(b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\nContent-Encoding: gzip\\r\\n\\r\\n" + part)
            while True: peer.sendall(again)
            """
    }

    @Test(
        "beside forty greedy peers, others are answered before their deadline, and the greedy end at their own",
        arguments: Greed.allCases)
    func fairness(greed: Greed) async throws {
        let greedy = try await PeerServer(greed.rawValue)
        let innocent = try await PeerServer("peer.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello')")
        let transfers = Transfers()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    var request = greedy.request(within: .seconds(8))
                    request.bounds.body = .max
                    request.keepsBody = false
                    let report = await transfers.exchange(request)
                    #expect(report.failure?.kind == .timeout, "\(String(describing: report.failure))")
                }
            }
            group.addTask {
                #expect(await eventually(within: .seconds(60)) { greedy.connections == 40 })
                for _ in 0..<20 {
                    let request = innocent.request(within: .seconds(10))
                    // One that is answered too late fails at its deadline.
                    let report = await transfers.exchange(request)
                    #expect(report.failure == nil && report.response?.body == Array("hello".utf8), "\(String(describing: report.failure))")
                }
            }
        }
    }
}
