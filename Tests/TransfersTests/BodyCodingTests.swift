import Addresses
import TestSupport
import Testing
import Transfers

/// Bodies that come compressed: whole, cut, joined, and far larger than they look.
@Suite struct BodyCodingTests {
    /// - Parameter body: in Python.
    private func exchange(
        _ coding: String, _ body: String, _ change: (inout ExchangeRequest) -> Void = { _ in }
    ) async throws -> ExchangeReport {
        let server = try await PeerServer(
            """
            body = \(body)
            peer.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Encoding: \(coding)\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)
            """)
        var request = server.request()
        change(&request)
        return await Transfers().exchange(request)
    }

    private static let rawDeflate = "(lambda c: c.compress(b'hello') + c.flush())(zlib.compressobj(9, zlib.DEFLATED, -15))"

    @Test(
        "a body is undone as its coding says",
        arguments: [
            ("gzip", "gzip.compress(b'hello')", "hello"), ("x-gzip", "gzip.compress(b'hello')", "hello"),
            ("GZIP", "gzip.compress(b'hello')", "hello"), ("deflate", "zlib.compress(b'hello')", "hello"), ("deflate", rawDeflate, "hello"),
            ("br", "bytes.fromhex('0b028068656c6c6f03')", "hello"), ("identity", "b'hello'", "hello"), ("gzip", "b''", ""),
            ("gzip", "gzip.compress(b'hel') + gzip.compress(b'lo')", "hello"),
            ("gzip", "gzip.compress(b'') + gzip.compress(b'hello') + gzip.compress(b'')", "hello"),
        ])
    func undone(coding: String, body: String, text: String) async throws {
        let report = try await exchange(coding, body)
        #expect(report.failure == nil)
        #expect(report.response.map { String(decoding: $0.body, as: UTF8.self) } == text)
    }

    @Test(
        "a body that is cut, damaged, or in a coding nobody knows is no answer",
        arguments: [
            ("gzip", "gzip.compress(bytes(range(256)) * 40)[:200]"), ("gzip", "gzip.compress(b'hello')[:-1]"),
            ("gzip", "gzip.compress(b'hello') + gzip.compress(b'hello')[:12]"), ("gzip", "gzip.compress(b'hello') + b'garbage'"),
            ("gzip", "b'\\x1f'"), ("deflate", "zlib.compress(bytes(range(256)))[:100]"), ("deflate", "b'x'"),
            ("br", "bytes.fromhex('0b028068656c6c6f03')[:6]"), ("br", "bytes.fromhex('0b028068656c6c6f03ff')"),
            ("gzip", "b'this is no gzip'"), ("zstd", "b'hello'"), ("gzip, gzip", "gzip.compress(gzip.compress(b'hello'))"),
        ])
    func undecodable(coding: String, body: String) async throws {
        let report = try await exchange(coding, body)
        #expect(report.failure?.kind == .protocolViolation && report.failure?.phase == .transfer, "\(String(describing: report.failure))")
        #expect(report.response?.status == 200)
    }

    @Test("a body that becomes more than a thousand times as large is refused, also where none of it is kept")
    func expands() async throws {
        let report = try await exchange("gzip", "gzip.compress(bytes(64 << 20))") {
            $0.bounds.body = .max
            $0.keepsBody = false
        }
        #expect(report.failure?.kind == .bodyExpands)
        #expect((16 << 20..<64 << 20).contains(report.response?.bodyLength ?? 0))
        let large = try await exchange("gzip", "gzip.compress((b'a line that is not random, of a log\\n' * 9 + os.urandom(30)) * 100000)") {
            $0.bounds.body = .max
            $0.keepsBody = false
        }
        #expect(large.failure == nil && large.response?.bodyLength == 35_400_000, "\(String(describing: large.failure))")
    }

    @Test("a transfer coding that was not asked for is refused, not undone")
    func transferCoding() async throws {
        let server = try await PeerServer(
            """
            peer.sendall(b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: gzip\\r\\n\\r\\n" + gzip.compress(bytes(64 << 20)))
            """)
        let report = await Transfers().exchange(server.request())
        #expect(report.failure?.kind == .protocolViolation && report.response?.bodyLength == 0, "\(String(describing: report.failure))")
        // libcurl 8 refuses it by itself.
        let words = [report.failure?.sentence, report.failure?.detail].compactMap(\.self).joined(separator: " ").lowercased()
        #expect(words.contains("transfer coding 'gzip'") || words.contains("transfer-encoding"), "\(words)")
    }

    @Test("trailers come one by one, also after a body that had to wait for its turn")
    func trailers() async throws {
        let server = try await PeerServer(
            """
            peer.sendall(b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n" + b"1\\r\\nx\\r\\n" * 100000
                + b"0\\r\\nOne: 1\\r\\nTwo: 2\\r\\n\\r\\n")
            """)
        let report = await Transfers().exchange(server.request())
        #expect(report.failure == nil && report.response?.bodyLength == 100_000, "\(String(describing: report.failure))")
        #expect(report.response?.trailers == [HeaderField("One", "1"), HeaderField("Two", "2")])
    }
}
