import Glibc
import NIOCore

/// A port of loopback that stays ours while nobody listens on it: refused connections come from a port nobody else can take.
final class PortReservation: Sendable {
    struct NotReserved: Error {}

    let port: Int
    private let descriptor: Int32

    init() throws {
        let descriptor = try Self.bound(to: 0)
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard status == 0 else { throw NotReserved() }
        self.descriptor = descriptor
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }

    /// Listens with a queue that is already full: further attempts to connect get no answer, until this value goes away.
    func unanswering() throws -> FullQueue {
        let listener = try Self.bound(to: port)
        guard listen(listener, 0) == 0 else { throw NotReserved() }
        let clients = try (0..<3).map { _ in
            let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard client >= 0 else { throw NotReserved() }
            // In progress is what is wanted: the first ones fill the queue.
            _ = Self.withAddress(port) { Glibc.connect(client, $0, $1) }
            return client
        }
        return FullQueue(descriptors: [listener] + clients)
    }

    private static func bound(to port: Int) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        guard descriptor >= 0, withAddress(port, { bind(descriptor, $0, $1) }) == 0 else { throw NotReserved() }
        return descriptor
    }

    private static func withAddress(_ port: Int, _ act: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { act($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}

/// A listening socket whose queue of connections is full.
final class FullQueue: Sendable {
    private let descriptors: [Int32]

    init(descriptors: [Int32]) { self.descriptors = descriptors }

    deinit { for descriptor in descriptors { close(descriptor) } }
}
