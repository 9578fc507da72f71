import TestSupport
import Testing
import Transfers

/// Headers of answers: how large they may be, and where a `Location` leads.
@Suite struct AnswerHeaderTests {
    private func exchange(
        _ behaviour: String, _ change: (inout ExchangeRequest) -> Void = { _ in }
    ) async throws -> (report: ExchangeReport, server: PeerServer) {
        let server = try await PeerServer(behaviour)
        var request = server.request()
        request.bounds.headers = 1 << 20
        request.redirects = .follow(maximum: 3)
        change(&request)
        let report = await Transfers().exchange(request)
        return (report, server)
    }

    @Test(
        "headers are taken up to the bound of libcurl, and told to be too large beyond it",
        arguments: [
            ("b'X: ' + b'x' * 90000 + b'\\r\\n'", nil), ("(b'X: ' + b'x' * 990 + b'\\r\\n') * 290", nil),
            ("b'X: ' + b'x' * 200000 + b'\\r\\n'", .headersTooLarge), ("(b'X: ' + b'x' * 990 + b'\\r\\n') * 400", .headersTooLarge),
            ("b'X: ' + b'x' * 2000000 + b'\\r\\n'", .headersTooLarge),
        ] as [(String, ExchangeFailure.Kind?)])
    func size(headers: String, kind: ExchangeFailure.Kind?) async throws {
        let (report, _) = try await exchange(
            "peer.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n' + \(headers) + b'\\r\\n')")
        #expect(report.failure?.kind == kind, "\(String(describing: report.failure))")
        if kind != nil { #expect(report.failure?.sentence.contains("libcurl") == true) }
    }

    @Test("a thousand lines are taken, and no more", arguments: [(997, nil), (998, .headersTooLarge)] as [(Int, ExchangeFailure.Kind?)])
    func lines(count: Int, kind: ExchangeFailure.Kind?) async throws {
        let (report, _) = try await exchange(
            "peer.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n' + b'X: y\\r\\n' * \(count) + b'\\r\\n')")
        #expect(report.failure?.kind == kind, "\(String(describing: report.failure))")
        if kind == nil { #expect(report.response?.headers.count == count + 1) }
    }

    @Test("an unrequested coding is refused however the header block ends", arguments: ["\\r\\n", "\\n", "\\r\\r\\n"])
    func codingAtAnyEnd(end: String) async throws {
        let (report, _) = try await exchange(
            "peer.sendall(b'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: gzip\\r\\n\(end)' + b'x' * 1000)")
        // Newer versions of libcurl refuse it themselves.
        let words = report.failure.map { $0.sentence + $0.detail } ?? ""
        #expect(words.contains("transfer coding") || words.contains("Transfer-Encoding"), "\(String(describing: report.failure))")
        #expect(report.response?.bodyLength ?? 0 == 0)
    }

    @Test("fields that arrived before the peer broke off are part of the response")
    func brokenOff() async throws {
        let (report, _) = try await exchange(
            "peer.sendall(b'HTTP/1.1 200 OK\\r\\nX-One: 1\\r\\nContent-Length: 5\\r\\n'); peer.recv(1)"
        ) { $0.deadline = .seconds(2) }
        #expect(report.failure?.kind == .timeout, "\(String(describing: report.failure))")
        #expect(report.response?.headers.map(\.name) == ["X-One", "Content-Length"])
    }

    @Test("a line that begins with white space continues the field before it")
    func folded() async throws {
        let (report, _) = try await exchange(
            "peer.sendall(b'HTTP/1.1 200 OK\\r\\nX-One: rea \\r\\n \\t dy\\r\\n\\twell\\r\\nX-Two: 2\\r\\nContent-Length: 0\\r\\n\\r\\n')")
        #expect(report.response?.headers.map(\.value) == ["rea dy well", "2", "0"], "\(String(describing: report.failure))")
    }

    @Test("interim answers without end count as headers, and are no response")
    func interim() async throws {
        let (report, _) = try await exchange("while True: peer.sendall(b'HTTP/1.1 103 Early Hints\\r\\nLink: x\\r\\n\\r\\n' * 1000)")
        #expect(report.failure?.kind == .headersTooLarge, "\(String(describing: report.failure))")
        #expect(report.response == nil)
    }

    @Test("an interim answer after which nothing comes is no response; one before the response is no part of it")
    func onlyInterim() async throws {
        let interim = "peer.sendall(b'HTTP/1.1 103 Early Hints\\r\\nContent-Length: 7\\r\\n\\r\\n'); "
        let (silent, _) = try await exchange(interim + "peer.recv(1)") { $0.deadline = .seconds(2) }
        #expect(silent.failure?.kind == .timeout && silent.response == nil, "\(String(describing: silent.response))")
        let (answered, _) = try await exchange(interim + "peer.sendall(b'HTTP/1.1 204 No Content\\r\\nX-One: 1\\r\\n\\r\\n')")
        #expect(answered.failure == nil && answered.response?.status == 204)
        #expect(answered.response?.headers.map(\.name) == ["X-One"])
    }

    @Test(
        "bytes of a Location that are not ASCII arrive at the server as they were, escaped",
        arguments: [("/caf\\xe9", "/caf%E9"), ("/caf\\xc3\\xa9?q=\\xfc", "/caf%C3%A9?q=%FC")])
    func location(written: String, asked: String) async throws {
        let (report, server) = try await exchange(
            """
            print("asked", request.split()[1].decode(), file=sys.stderr, flush=True)
            if b"GET / " in request: peer.sendall(b"HTTP/1.1 302 Found\\r\\nLocation: \(written)\\r\\nContent-Length: 0\\r\\n\\r\\n")
            else: peer.sendall(b"HTTP/1.1 204 No Content\\r\\n\\r\\n")
            """)
        #expect(report.response?.status == 204 && report.redirects == 1, "\(String(describing: report.failure))")
        #expect(await server.said("asked \(asked)"), "\(server.words)")
    }

    @Test("an empty Location leads nowhere: the redirect is the answer")
    func emptyLocation() async throws {
        let (report, _) = try await exchange("peer.sendall(b'HTTP/1.1 302 Found\\r\\nLocation: \\r\\nContent-Length: 2\\r\\n\\r\\nhi')")
        #expect(report.failure == nil && report.response?.status == 302 && report.redirects == 0)
        #expect(report.response.map { String(decoding: $0.body, as: UTF8.self) } == "hi")
    }

    @Test(
        "what an answer that only sends on has for a body is not waited for, endless or silent",
        arguments: ["while True: peer.sendall(bytes(65536))", "peer.recv(1)"])
    func redirectBody(body: String) async throws {
        let (report, _) = try await exchange(
            """
            if b"GET / " in request:
                peer.sendall(b"HTTP/1.1 302 Found\\r\\nLocation: /there\\r\\nSet-Cookie: a=b\\r\\n\\r\\n")
                \(body)
            elif b"a=b" in request: peer.sendall(b"HTTP/1.1 204 No Content\\r\\n\\r\\n")
            """
        ) { $0.keepsCookies = true }
        #expect(report.response?.status == 204 && report.redirects == 1, "\(String(describing: report.failure))")
    }
}
