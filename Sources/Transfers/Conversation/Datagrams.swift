package import Addresses
import CLinux
import Glibc

/// One datagram socket connected to one peer: UDP, or the system's ping sockets.
///
/// Used by one task at a time. Closing is letting go of it.
package final class Datagrams: Sendable {
    package let peer: Endpoint
    private let socket: Descriptor
    private let loop: SocketLoop
    private let deadline: ContinuousClock.Instant

    init(
        to peer: Endpoint, from source: NetworkAddress?, type: Int32, protocol number: Int32, loop: SocketLoop,
        until deadline: ContinuousClock.Instant, prepare: (Int32) -> Void = { _ in }
    ) throws(ExchangeFailure) {
        self.peer = peer
        self.loop = loop
        self.deadline = deadline
        let family = peer.address.family == .v4 ? AF_INET : AF_INET6
        socket = Descriptor(agent_socket(family, type, number))
        guard socket.number >= 0 else {
            let kind: ExchangeFailure.Kind = [EACCES, EPERM].contains(errno) ? .invalidRequest : .unreachable
            throw ExchangeFailure(kind: kind, phase: .connect, sentence: "the system allows no such socket", detail: systemError(errno))
        }
        prepare(socket.number)
        if let source, agent_bind(socket.number, source.bytes, Int32(source.bytes.count)) != 0 {
            throw ExchangeFailure(
                kind: .invalidRequest, phase: .connect, sentence: "cannot send from the address \(source)", detail: systemError(errno))
        }
        let bytes = peer.address.bytes
        guard agent_connect(socket.number, bytes, Int32(bytes.count), peer.port) == 0 else {
            throw SystemFailure(errno).connecting(to: peer.description)
        }
    }

    /// The socket, for options and for `recvmsg`; it stays this value's.
    var number: Int32 { socket.number }

    package func send(_ bytes: [UInt8]) throws(ExchangeFailure) {
        let count = bytes.withUnsafeBytes { agent_send(socket.number, $0.baseAddress, $0.count) }
        guard count == bytes.count else { throw SystemFailure(errno).connecting(to: peer.description) }
    }

    /// The next datagram, at most 64 KiB.
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

    /// Asks `read` each time the socket is readable, until it answers; nil means that the system's call failed.
    func receive<Message>(_ read: (Int32) -> Message?) async throws(ExchangeFailure) -> Message {
        while true {
            switch await loop.wait(socket, for: .read, until: deadline) {
            case .cancelled: throw ExchangeFailure(kind: .cancelled, phase: .processing, sentence: "cancelled")
            case .timedOut: throw ExchangeFailure(kind: .timeout, phase: .processing, sentence: "\(peer) did not answer in time")
            case .ready: break
            }
            if let message = read(socket.number) { return message }
            guard errno == EAGAIN || errno == EINTR else { throw SystemFailure(errno).connecting(to: peer.description) }
        }
    }
}
