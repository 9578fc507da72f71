package import Addresses
import CLinux
import Glibc

/// A datagram socket for one peer: UDP, an ICMP ping socket, or a raw socket.
///
/// Used by one task at a time. The socket is closed when the object is released.
package final class Datagrams: Sendable {
    package let peer: Endpoint
    private let socket: Descriptor
    private let loop: SocketLoop
    private let deadline: ContinuousClock.Instant
    /// If false, messages from any sender are received, and the reader must check the sender.
    private let isConnected: Bool

    init(
        to peer: Endpoint, from source: NetworkAddress?, type: Int32, protocol number: Int32, isConnected: Bool = true, loop: SocketLoop,
        until deadline: ContinuousClock.Instant, prepare: (Int32) -> Void = { _ in }
    ) throws(ExchangeFailure) {
        self.peer = peer
        self.isConnected = isConnected
        self.loop = loop
        self.deadline = deadline
        let family = peer.address.family == .v4 ? AF_INET : AF_INET6
        socket = Descriptor(agent_socket(family, type, number))
        guard socket.number >= 0 else { throw SystemFailure(errno).opening("socket") }
        prepare(socket.number)
        if let source, agent_bind(socket.number, source.bytes, Int32(source.bytes.count)) != 0 {
            throw ExchangeFailure(
                kind: .notPermitted, phase: .connect, sentence: "cannot use the source address \(source)", detail: systemError(errno))
        }
        let bytes = peer.address.bytes
        guard !isConnected || agent_connect(socket.number, bytes, Int32(bytes.count), peer.port) == 0 else {
            throw SystemFailure(errno).connecting(to: peer.description)
        }
    }

    /// Sends one datagram without waiting.
    package func send(_ bytes: [UInt8]) throws(ExchangeFailure) {
        let address = peer.address.bytes
        let count = bytes.withUnsafeBytes { message in
            isConnected
                ? agent_send(socket.number, message.baseAddress, message.count)
                : agent_send_to(socket.number, message.baseAddress, message.count, address, Int32(address.count))
        }
        guard count == bytes.count else { throw SystemFailure(errno).connecting(to: peer.description) }
    }

    /// Waits for the next datagram, at most 64 KiB.
    package func receive() async throws(ExchangeFailure) -> [UInt8] {
        try await receive { number in
            var count = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, filled in
                count = recv(number, buffer.baseAddress, buffer.count, 0)
                filled = max(0, count)
            }
            return count < 0 ? nil : bytes
        }
    }

    /// Calls `read` each time the socket is readable, until it returns a message; nil means that the system call failed with `errno`.
    func receive<Message>(_ read: (Int32) -> Message?) async throws(ExchangeFailure) -> Message {
        while true {
            switch await loop.wait(socket, for: .read, until: deadline) {
            case .cancelled: throw ExchangeFailure(kind: .cancelled, phase: .processing, sentence: "cancelled")
            case .timedOut: throw ExchangeFailure(kind: .timeout, phase: .processing, sentence: "\(peer) did not respond in time")
            case .ready: break
            }
            if let message = read(socket.number) { return message }
            guard errno == EAGAIN || errno == EINTR else { throw SystemFailure(errno).connecting(to: peer.description) }
        }
    }
}
