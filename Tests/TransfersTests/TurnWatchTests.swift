import Concurrency
import Glibc
import Synchronization
import Testing

@testable import Transfers

/// Which connections are cut while the engine stays in one turn.
@Suite struct TurnWatchTests {
    /// A connection over loopback: what is written to the one end can be read at the other.
    private static func pair() throws -> (reader: Int32, writer: Int32) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let writer = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let isConnected = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, 1) == 0 && getsockname(listener, address, &length) == 0
                    && connect(writer, address, length) == 0
            }
        }
        try #require(isConnected)
        return (accept(listener, nil, nil), writer)
    }

    /// Stays in one turn until it has read eight megabytes and `goesOn` says no more.
    /// - Returns: whether its connection was cut.
    private static func turn(_ goesOn: @escaping @Sendable (_ isCut: Bool) -> Bool) async throws -> Bool {
        let (reader, writer) = try pair()
        let watch = try TurnWatch()
        let connection = watch.opened(reader)
        let bytes = [UInt8](repeating: 0, count: 1 << 16)
        return await withCheckedContinuation { continuation in
            let code = BackgroundThread.start("test") {
                watch.watchThisThread()
                watch.beginTurn()
                // It has lasted when it is looked at first.
                poll(nil, 0, 120)
                var buffer = bytes
                var left = 8 << 20
                while left > 0, !connection.isCut.load(ordering: .acquiring) {
                    let written = send(writer, bytes, bytes.count, Int32(MSG_NOSIGNAL))
                    let read = recv(reader, &buffer, buffer.count, 0)
                    guard written > 0, read > 0 else { break }
                    left -= read
                }
                while goesOn(connection.isCut.load(ordering: .acquiring)) {}
                watch.endTurn()
                let isCut = connection.isCut.load(ordering: .acquiring)
                watch.close()
                _ = watch.close(reader)
                close(writer)
                continuation.resume(returning: isCut)
            }
            precondition(code == 0, "the system allows no further thread")
        }
    }

    @Test("what keeps the engine's thread computing is cut")
    func computing() async throws {
        let began = ContinuousClock.now
        #expect(try await Self.turn { !$0 && ContinuousClock.now - began < .seconds(60) })
    }

    @Test("what it reads while the machine gives the engine's thread no time is no reason to cut it")
    func waiting() async throws {
        let looks = Atomic(0)
        // Several times as long as a turn that is looked at.
        #expect(
            try await !Self.turn { isCut in
                poll(nil, 0, 100)
                return !isCut && looks.add(1, ordering: .relaxed).newValue < 5
            })
    }
}
