import FoundationEssentials
import Glibc
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@testable import Serving

/// A real server on loopback that answers `ok`, at `/large` with more than the system keeps for a reader, and at `/never` not at all.
private final class SmallServer: Sendable {
    let connections: Connections
    /// Requests under way that are not answered.
    let unanswered = Mutex(0)

    init(open: Int, ofOneAddress: Int? = nil, timeout: TimeAmount = .milliseconds(500), idle: TimeAmount = .minutes(10)) {
        var limits = Connections.Limits(open: open)
        limits.ofOneAddress = ofOneAddress ?? open
        limits.timeout = timeout
        limits.idle = idle
        connections = Connections(limits, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Serves while the body runs, which is told the port.
    func serving(_ body: @escaping @Sendable (UInt16) async throws -> Void) async throws {
        let (ports, port) = AsyncStream.makeStream(of: UInt16.self)
        let (connections, unanswered) = (connections, { @Sendable in self.unanswered.withLock { $0 += 1 } })
        let server = HTTPServer(connections: connections, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) { request, _ in
            if request.uri.path == "/never" {
                unanswered()
                let never = AsyncStream.makeStream(of: Never.self)
                for await _ in never.stream {}
                withExtendedLifetime(never.continuation) {}
            }
            if request.uri.path != "/early" { _ = try await request.body.collect(upTo: 1 << 20) }
            let body = ByteBuffer(repeating: UInt8(ascii: "x"), count: request.uri.path == "/large" ? 64 << 20 : 2)
            return Response(status: .ok, body: ResponseBody(contentsOf: [body]))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.run(on: .address(host: "127.0.0.1", port: 0)) { port.yield(UInt16($0.localAddress?.port ?? 0)) }
            }
            for await port in ports {
                try await body(port)
                break
            }
            group.cancelAll()
            while await group.nextResult() != nil {}
        }
    }
}

/// One connection of a client's.
private final class Client: Sendable {
    struct NotConnected: Error {}

    private let descriptor: Int32

    /// - Parameter source: the last part of the address it comes from, 127.0.0.1 by default.
    init(_ port: UInt16, from source: UInt32 = 1) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var own = address
        own.sin_port = 0
        own.sin_addr.s_addr = (0x7F00_0000 + source).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafePointer(to: &own) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, size)
            }
        }
        guard status == 0 else { throw NotConnected() }
    }

    deinit { close(descriptor) }

    func send(_ text: String) { _ = Glibc.send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL)) }

    /// What has come, without waiting; nil where the server has closed the connection.
    private func receive() -> String? {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        if count > 0 { return String(decoding: buffer.prefix(count), as: UTF8.self) }
        return count < 0 && errno == EAGAIN ? "" : nil
    }

    func isAnswered() async -> Bool {
        var answer = ""
        return await eventually(within: .seconds(20), every: .milliseconds(5)) {
            answer += receive() ?? ""
            return answer.hasPrefix("HTTP/1.1 200") && answer.hasSuffix("ok") || answer.hasSuffix("xx")
        }
    }

    /// So many times, the last one with a body; no more may have come.
    /// - Parameter bodies: how many have a body; all by default.
    func isAnswered(_ times: Int, bodies: Int? = nil) async -> Bool {
        var answers = ""
        return await eventually(within: .seconds(20), every: .milliseconds(5)) {
            answers += receive() ?? ""
            return answers.components(separatedBy: "HTTP/1.1 200").count == times + 1 && answers.hasSuffix("xx")
                && answers.components(separatedBy: "xx").count == (bodies ?? times) + 1
        }
    }

    func isClosed() async -> Bool { await eventually(within: .seconds(20), every: .milliseconds(5)) { receive() == nil } }
}

@Suite struct ConnectionsTests {
    private static let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test(
        "a head that does not end, a body that does not come and a second head that does not end are closed in time",
        arguments: ["", "GET / HTT", "GET / HTTP/1.1\r\nHost: a\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"])
    func halfOpen(text: String) async throws {
        let server = SmallServer(open: 20)
        try await server.serving { port in
            let client = try Client(port)
            client.send(text)
            #expect(await client.isClosed())
            let second = try Client(port)
            second.send(Self.request)
            #expect(await second.isAnswered())
            second.send("GET / H")
            #expect(await second.isClosed())
            #expect(server.connections.facts.timedOut == 2)
        }
    }

    @Test("who does not read an answer is closed in time; who waits for one is not")
    func unread() async throws {
        let server = SmallServer(open: 20)
        try await server.serving { port in
            let waiting = try Client(port)
            waiting.send(Self.request.replacing("/ ", with: "/never "))
            let unread = try Client(port)
            unread.send(Self.request.replacing("/ ", with: "/large "))
            #expect(await eventually(within: .seconds(60)) { server.connections.facts.open == 1 })
            #expect(server.connections.facts.timedOut == 1)
            withExtendedLifetime((waiting, unread)) {}
        }
    }

    @Test("a connection between two requests stays while there are few, and ends where there are many")
    func idle() async throws {
        let server = SmallServer(open: 6)
        try await server.serving { port in
            let first = try Client(port)
            first.send(Self.request)
            #expect(await first.isAnswered())
            // Another one is closed in time meanwhile: so much time has passed.
            let silent = try Client(port)
            #expect(await silent.isClosed())
            first.send(Self.request)
            #expect(await first.isAnswered())
            let others = try (0..<2).map { _ in try Client(port) }
            for other in others { other.send(Self.request.replacing("/ ", with: "/never ")) }
            #expect(await first.isClosed())
            withExtendedLifetime(others) {}
        }
    }

    @Test("requests sent before the previous answer are all answered, in order")
    func pipelined() async throws {
        let server = SmallServer(open: 20)
        try await server.serving { port in
            let client = try Client(port)
            let posted = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
            client.send(Self.request + posted + Self.request + "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n")
            #expect(await client.isAnswered(3))
            client.send("abc" + Self.request)
            #expect(await client.isAnswered(2))
            client.send(String(repeating: Self.request, count: 18))
            #expect(await client.isClosed())
        }
    }

    @Test("with HTTP/1.0, the first answer ends the connection", arguments: ["", "Connection: keep-alive\r\n"])
    func oldVersion(field: String) async throws {
        let server = SmallServer(open: 20, timeout: .minutes(10))
        try await server.serving { port in
            let client = try Client(port)
            client.send("GET / HTTP/1.0\r\n\(field)\r\n")
            #expect(await client.isAnswered())
            #expect(await client.isClosed())
        }
    }

    @Test("a listening socket that can no longer be used ends the server with an error")
    func lost() async throws {
        let listening = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(listening) }
        try #require(listen(listening, 1) == 0)
        let server = HTTPServer(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) { _, _ in Response(status: .ok) }
        await #expect(throws: ChannelError.eof) {
            try await server.run(on: .inherited(dup(listening))) { _ in _ = shutdown(listening, Int32(SHUT_RDWR)) }
        }
    }

    @Test("an answer to HEAD has no body: the next one follows at once")
    func head() async throws {
        let server = SmallServer(open: 20, timeout: .minutes(10))
        try await server.serving { port in
            let client = try Client(port)
            client.send(Self.request.replacing("GET", with: "HEAD") + Self.request)
            #expect(await client.isAnswered(2, bodies: 1))
        }
    }

    @Test("a connection whose request was answered before its end is idle after it")
    func early() async throws {
        let server = SmallServer(open: 20, idle: .milliseconds(500))
        try await server.serving { port in
            let client = try Client(port)
            client.send("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n")
            #expect(await client.isAnswered())
            client.send("abc")
            client.send(Self.request)
            #expect(await client.isAnswered())
            #expect(await client.isClosed())
        }
    }

    @Test("above the limit the connection idle longest makes room; where all are being answered, the new one is closed")
    func limit() async throws {
        let server = SmallServer(open: 8, timeout: .minutes(10))
        try await server.serving { port in
            let silent = try (0..<100).map { _ in try Client(port) }
            let client = try Client(port)
            client.send(Self.request)
            #expect(await client.isAnswered())
            #expect(await silent[0].isClosed())
            #expect(server.connections.facts.open == 8)
            #expect(server.connections.facts.displaced == 93)
            let busy = try (0..<8).map { _ in
                let client = try Client(port)
                client.send(Self.request.replacing("/ ", with: "/never "))
                return client
            }
            for silent in silent.suffix(7) { #expect(await silent.isClosed()) }
            #expect(await client.isClosed())
            #expect(await eventually(within: .seconds(60)) { server.unanswered.withLock { $0 } == 8 })
            let refused = try Client(port)
            #expect(await refused.isClosed())
            #expect(server.connections.facts.refused == 1)
            withExtendedLifetime(busy) {}
        }
    }

    @Test("one address gets its share: beyond it, its own idle connections make room, and it is refused where it has none")
    func share() async throws {
        let server = SmallServer(open: 8, ofOneAddress: 4, timeout: .minutes(10))
        try await server.serving { port in
            let silent = try (0..<50).map { _ in try Client(port, from: 2) }
            // Which of them is oldest is the event loops' matter.
            #expect(await eventually(within: .seconds(60)) { server.connections.facts.displaced == 46 })
            #expect(server.connections.facts.open == 4)
            #expect(await silent[0].isClosed())
            let busy = try (0..<4).map { _ in
                let client = try Client(port, from: 3)
                client.send(Self.request.replacing("/ ", with: "/never "))
                return client
            }
            #expect(await eventually(within: .seconds(60)) { server.unanswered.withLock { $0 } == 4 })
            let refused = try Client(port, from: 3)
            #expect(await refused.isClosed())
            #expect(server.connections.facts.refused == 1)
            // Somebody else is served, in the place of an idle one.
            let client = try Client(port, from: 4)
            client.send(Self.request)
            #expect(await client.isAnswered())
            withExtendedLifetime(busy) {}
        }
    }
}
