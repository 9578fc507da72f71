import TestSupport
import Testing
import Transfers

/// Where redirects lead, and what is sent there.
@Suite struct RedirectTests {
    /// - Parameter location: bytes of Python, or an expression of them, where `address` is that of the server.
    /// - Returns: the server, which prints each request's path and `Host`; it redirects once.
    private func redirected(
        _ path: String, to location: String, _ change: (inout ExchangeRequest) -> Void = { _ in }
    ) async throws -> PeerServer {
        let server = try await PeerServer(
            """
            address = b"%s:%d" % (peer.getsockname()[0].encode(), peer.getsockname()[1])
            host = [line for line in request.split(b"\\r\\n") if line.startswith(b"Host: ")][0].decode()
            print("asked", request.split()[1].decode(), host.replace(address.decode(), "ADDRESS"), "n=\\\\xe9" if b"n=\\xe9" in request else "", file=sys.stderr, flush=True)
            if b"seen=1" in request or b" /there " in request: peer.sendall(b"HTTP/1.1 204 No Content\\r\\n\\r\\n")
            else: peer.sendall(b"HTTP/1.1 302 Found\\r\\nLocation: " + \(location)
                + b"\\r\\nSet-Cookie: seen=1; Path=/\\r\\nSet-Cookie: n=\\xe9; Path=/\\r\\nContent-Length: 0\\r\\n\\r\\n")
            """)
        var request = server.request(path)
        request.redirects = .follow(maximum: 3)
        request.keepsCookies = true
        change(&request)
        let report = await Transfers().exchange(request)
        #expect(report.response?.status == 204 && report.redirects == 1, "\(String(describing: report.failure)) \(server.words)")
        return server
    }

    @Test(
        "a fragment is no part of what a redirect is relative to, nor of what is asked",
        arguments: [("/r#part", "?q=1", "/r?q=1"), ("/r/s", "#part", "/r/s"), ("/r/s#a/b", "t", "/r/t")])
    func fragment(path: String, location: String, asked: String) async throws {
        let server = try await redirected(path, to: "b'\(location)'")
        #expect(server.words.split(separator: "\n").last { $0.hasPrefix("asked") }?.hasPrefix("asked \(asked) ") == true, "\(server.words)")
    }

    @Test(
        "a Host of the request's own goes on with a relative redirect, and ends with an absolute one",
        arguments: [
            ("b'/there'", "own.test"), ("b'http://' + address + b'/there'", "ADDRESS"), ("b'//' + address + b'/there'", "own.test"),
        ])
    func host(location: String, host: String) async throws {
        let server = try await redirected("/", to: location) { $0.headers = [HeaderField("Host", "own.test")] }
        #expect(server.words.contains("asked / Host: own.test") && server.words.contains("asked /there Host: \(host)"), "\(server.words)")
    }

    @Test("a cookie goes back as it came, also if it is no UTF-8")
    func cookie() async throws {
        let server = try await redirected("/", to: "b'/there'")
        #expect(server.words.contains("asked /there Host: ADDRESS n=\\xe9"), "\(server.words)")
    }

    @Test("of a redirect that is not followed, a body that nobody wants is not read, however long", arguments: [true, false])
    func unread(keepsBody: Bool) async throws {
        let server = try await PeerServer(
            "peer.sendall(b'HTTP/1.1 302 Found\\r\\nLocation: /there\\r\\nContent-Length: 100\\r\\n\\r\\n' + b'x' * 100)")
        var request = server.request()
        request.redirects = .follow(maximum: 0)
        request.keepsBody = keepsBody
        request.bounds.body = 10
        let report = await Transfers().exchange(request)
        #expect(report.failure?.kind == (keepsBody ? .bodyTooLarge : .tooManyRedirects))
        #expect(report.redirects == 1 && report.response?.bodyLength == (keepsBody ? 10 : 0))
    }
}
