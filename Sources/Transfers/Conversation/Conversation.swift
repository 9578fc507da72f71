import Addresses
import CLinux
import Glibc

/// One stream connection for any protocol, in clear text, with TLS, or with TLS started later.
///
/// Used by one task at a time. The connection is closed when the object is released.
// Safe because one task at a time uses it: it is handed on, never shared.
package final class Conversation: @unchecked Sendable {
    /// The remote address (`127.0.0.1:25`), or the path of the Unix socket.
    package let peer: String
    private let socket: Descriptor
    private let loop: SocketLoop
    private let trustStores: TrustStores
    private let deadline: ContinuousClock.Instant
    private var session: TLSSession?

    private static let readSize = 16 << 10

    private init(peer: String, socket: Descriptor, loop: SocketLoop, trustStores: TrustStores, deadline: ContinuousClock.Instant) {
        self.peer = peer
        self.socket = socket
        self.loop = loop
        self.trustStores = trustStores
        self.deadline = deadline
    }

    // The session is released first, because it sends its close notification over the socket.
    deinit { session = nil }

    /// The result of the TLS handshake, also if it failed; nil before `startTLS`.
    package var tls: TLSReport? { session?.report }

    // MARK: Opening

    static func open(
        to endpoint: Endpoint, from source: NetworkAddress?, loop: SocketLoop, trustStores: TrustStores,
        until deadline: ContinuousClock.Instant
    ) async throws(ExchangeFailure) -> Conversation {
        let family = endpoint.address.family == .v4 ? AF_INET : AF_INET6
        let conversation = try make(family, peer: endpoint.description, loop: loop, trustStores: trustStores, until: deadline)
        if let source {
            let bound = agent_bind(conversation.socket.number, source.bytes, Int32(source.bytes.count))
            guard bound == 0 else {
                throw ExchangeFailure(
                    kind: .notPermitted, phase: .connect, sentence: "cannot use the source address \(source)", detail: systemError(errno))
            }
        }
        let bytes = endpoint.address.bytes
        try await conversation.connected(agent_connect(conversation.socket.number, bytes, Int32(bytes.count), endpoint.port))
        return conversation
    }

    static func open(
        unixSocket path: String, loop: SocketLoop, trustStores: TrustStores, until deadline: ContinuousClock.Instant
    ) async throws(ExchangeFailure) -> Conversation {
        let conversation = try make(AF_UNIX, peer: path, loop: loop, trustStores: trustStores, until: deadline)
        let result = agent_connect_unix(conversation.socket.number, path)
        let error = errno
        if result == 0 { return conversation }
        guard result != -2 else { throw ExchangeFailure(kind: .notPermitted, phase: .connect, sentence: "the socket path is too long") }
        throw SystemFailure(error).connecting(toUnixSocket: path)
    }

    private static func make(
        _ family: Int32, peer: String, loop: SocketLoop, trustStores: TrustStores, until deadline: ContinuousClock.Instant
    ) throws(ExchangeFailure) -> Conversation {
        let socket = Descriptor(agent_stream(family))
        guard socket.number >= 0 else {
            throw SystemFailure(errno).opening("socket")
        }
        return Conversation(peer: peer, socket: socket, loop: loop, trustStores: trustStores, deadline: deadline)
    }

    private func connected(_ result: Int32) async throws(ExchangeFailure) {
        if result == 0 { return }
        var error = errno
        if error == EINPROGRESS {
            let wakeup = await loop.wait(socket, for: .write, until: deadline)
            if wakeup != .ready { throw failure(wakeup, .connect) }
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(socket.number, SOL_SOCKET, SO_ERROR, &error, &size)
        }
        if error != 0 { throw SystemFailure(error).connecting(to: peer) }
    }

    // MARK: Sending and receiving

    /// Starts TLS on the connection. Bytes that were already received in clear text are not affected.
    ///
    /// - Parameter host: the host whose name is verified and sent as SNI, unless the settings name another.
    /// - Throws: the failure; `tls` then holds what was received before it.
    package func startTLS(_ settings: TLSSettings, host: String) async throws(ExchangeFailure) {
        let trust = try settings.trustStore(of: trustStores)
        let session = try TLSSession(socket: socket.number, host: host, settings: settings, trust: trust, peer: peer)
        self.session = session
        _ = try await until(.tls, deadline, session.handshake)
    }

    /// Sends all bytes.
    package func send(_ bytes: [UInt8]) async throws(ExchangeFailure) {
        var sent = 0
        while sent < bytes.count {
            let start = sent
            let count = try await until(.processing, deadline) { () throws(ExchangeFailure) in
                let rest = bytes[start...]
                if let session { return try session.write(rest) }
                let count = rest.withUnsafeBytes { agent_send(socket.number, $0.baseAddress, $0.count) }
                return try step(count, .write)
            }
            sent += count ?? 0
        }
    }

    /// Receives the next bytes, at most 16 KiB; empty if the peer has closed the connection.
    package func receive() async throws(ExchangeFailure) -> [UInt8] {
        while true {
            if let received = try await receive(until: deadline) { return received }
        }
    }

    /// Receives the next bytes; nil if nothing was received for this long and the deadline has not passed.
    package func receive(within quiet: Duration) async throws(ExchangeFailure) -> [UInt8]? {
        try await receive(until: min(deadline, ContinuousClock.now + quiet))
    }

    private func receive(until limit: ContinuousClock.Instant) async throws(ExchangeFailure) -> [UInt8]? {
        var received: [UInt8] = []
        let count = try await until(.processing, limit) { () throws(ExchangeFailure) in
            if let session {
                let (step, bytes) = try session.read(most: Self.readSize)
                received = bytes
                return step
            }
            var count = 0
            received = [UInt8](unsafeUninitializedCapacity: Self.readSize) { buffer, filled in
                count = recv(socket.number, buffer.baseAddress, buffer.count, 0)
                filled = max(0, count)
            }
            return try step(count, .read)
        }
        // A peer that sends continuously must not keep other tasks from running.
        await socket.shareTurns()
        return count == nil ? nil : received
    }

    /// The result of a non-blocking call.
    enum Step {
        case done(Int)
        case wait(SocketLoop.Interest)
    }

    private func step(_ count: Int, _ interest: SocketLoop.Interest) throws(ExchangeFailure) -> Step {
        if count >= 0 { return .done(count) }
        let error = errno
        if error == EAGAIN || error == EINTR { return .wait(interest) }
        throw SystemFailure(error).speaking(with: peer)
    }

    /// Repeats a non-blocking call, waiting in between, until it completes or the deadline passes.
    /// - Returns: its result; nil if the limit has passed and the deadline has not.
    private func until(
        _ phase: ExchangePhase, _ limit: ContinuousClock.Instant, _ attempt: () throws(ExchangeFailure) -> Step
    ) async throws(ExchangeFailure) -> Int? {
        while true {
            if let ending = SocketLoop.ending(at: deadline) { throw failure(ending, phase) }
            switch try attempt() {
            case .done(let count): return count
            case .wait(let interest):
                let wakeup = await loop.wait(socket, for: interest, until: limit)
                if wakeup == .timedOut, ContinuousClock.now < deadline { return nil }
                if wakeup != .ready { throw failure(wakeup, phase) }
            }
        }
    }

    private func failure(_ ending: SocketLoop.Wakeup, _ phase: ExchangePhase) -> ExchangeFailure {
        let isTimeout = ending == .timedOut
        switch phase {
        case .connect:
            let sentence = "connection to \(peer) timed out"
            return ExchangeFailure(kind: isTimeout ? .connectTimeout : .cancelled, phase: phase, sentence: sentence)
        case .tls:
            let sentence = "the TLS handshake with \(peer) timed out"
            return ExchangeFailure(kind: isTimeout ? .timeout : .cancelled, phase: phase, sentence: sentence)
        default:
            let sentence = "\(peer) did not send the expected data in time"
            return ExchangeFailure(kind: isTimeout ? .timeout : .cancelled, phase: phase, sentence: sentence)
        }
    }
}

func systemError(_ error: Int32) -> String { String(cString: strerror(error)) }

/// Converts `errno` to a failure with a sentence.
struct SystemFailure {
    let error: Int32

    init(_ error: Int32) { self.error = error }

    /// The failure for an error about a missing local resource; nil for any other error.
    func lack(in phase: ExchangePhase, peer: String = "") -> ExchangeFailure? {
        let sentence: String
        switch error {
        case EMFILE: sentence = "the agent has no file descriptors left: raise its limit of open files"
        case ENFILE: sentence = "this machine has no file descriptors left"
        case ENOBUFS, ENOMEM: sentence = "this machine has not enough memory for a connection"
        case EADDRNOTAVAIL: sentence = "this machine has no free local port, or no source address, for a connection to \(peer)"
        default: return nil
        }
        return ExchangeFailure(kind: .localResources, phase: phase, sentence: sentence, detail: systemError(error))
    }

    /// The failure for a socket that could not be created.
    func opening(_ what: String) -> ExchangeFailure {
        if let lack = lack(in: .connect) { return lack }
        let kind: ExchangeFailure.Kind = [EACCES, EPERM].contains(error) ? .notPermitted : .unreachable
        return ExchangeFailure(
            kind: kind, phase: .connect, sentence: "the system does not allow the agent to open a \(what)", detail: systemError(error))
    }

    func connecting(to peer: String) -> ExchangeFailure {
        if let lack = lack(in: .connect, peer: peer) { return lack }
        return switch error {
        case ECONNREFUSED:
            .init(kind: .refused, phase: .connect, sentence: "connection to \(peer) refused", detail: systemError(error))
        case ECONNRESET: .init(kind: .reset, phase: .connect, sentence: "the connection to \(peer) was closed unexpectedly")
        case ETIMEDOUT: .init(kind: .connectTimeout, phase: .connect, sentence: "connection to \(peer) timed out")
        default: .init(kind: .unreachable, phase: .connect, sentence: "\(peer) is unreachable", detail: systemError(error))
        }
    }

    /// The failure for a Unix socket; connecting to one never has to wait.
    func connecting(toUnixSocket path: String) -> ExchangeFailure {
        if let lack = lack(in: .connect, peer: path) { return lack }
        let (kind, sentence): (ExchangeFailure.Kind, String) =
            switch error {
            case ENOENT: (.refused, "there is no socket \(path)")
            case ECONNREFUSED: (.refused, "nothing listens on the socket \(path)")
            case EAGAIN: (.connectTimeout, "the connection queue of the socket \(path) is full: its service does not accept connections")
            case EACCES, EPERM: (.notPermitted, "permission denied for the socket \(path)")
            default: (.unreachable, "cannot connect to the socket \(path)")
            }
        return ExchangeFailure(kind: kind, phase: .connect, sentence: sentence, detail: systemError(error))
    }

    func speaking(with peer: String) -> ExchangeFailure {
        if let lack = lack(in: .processing, peer: peer) { return lack }
        return switch error {
        case ECONNRESET, EPIPE: .init(kind: .reset, phase: .processing, sentence: "the connection to \(peer) was closed unexpectedly")
        case ETIMEDOUT: .init(kind: .timeout, phase: .processing, sentence: "the connection to \(peer) timed out")
        default: .init(kind: .unreachable, phase: .processing, sentence: "communication with \(peer) failed", detail: systemError(error))
        }
    }
}
