import Addresses
import CLinux
import Glibc

/// One stream connection that a caller speaks over in its own words, in clear or under TLS, from some point on.
///
/// Used by one task at a time. Closing is letting go of it.
package final class Conversation: @unchecked Sendable {  // Touched by the one task that holds it, never by two at a time.
    /// Where the connection goes: `127.0.0.1:25`, or a socket's path.
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

    // First of all: its last words go out over the socket.
    deinit { session = nil }

    /// What the TLS handshake showed, also when it failed; nil before `startTLS`.
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
                    kind: .invalidRequest, phase: .connect, sentence: "cannot send from the address \(source)", detail: systemError(errno))
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
        guard result != -2 else { throw ExchangeFailure(kind: .invalidRequest, phase: .connect, sentence: "the socket's path is too long") }
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

    // MARK: Speaking

    /// Begins TLS on the connection as it stands; what was received before stays received.
    ///
    /// - Throws: the failure; `tls` then tells what was seen before it.
    package func startTLS(_ settings: TLSSettings, host: String) async throws(ExchangeFailure) {
        let trust = try settings.trustStore(of: trustStores)
        let session = try TLSSession(socket: socket.number, host: host, settings: settings, trust: trust, peer: peer)
        self.session = session
        _ = try await until(.tls, deadline, session.handshake)
    }

    /// Sends all of it.
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

    /// Receives what comes next, at most 16 KiB; empty when the peer has ended the connection.
    package func receive() async throws(ExchangeFailure) -> [UInt8] {
        while true {
            if let received = try await receive(until: deadline) { return received }
        }
    }

    /// Receives what comes next; nil where nothing has come for that long, and the deadline has not passed.
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
        // A peer that always has something to say leaves others their turn.
        await socket.shareTurns()
        return count == nil ? nil : received
    }

    /// What a call that must not block came to.
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

    /// Makes a call again and again until it need not wait, and never after the deadline.
    /// - Returns: what it came to; nil where the limit has passed, and the deadline has not.
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
            let sentence = "no answer from \(peer) to the connection attempt"
            return ExchangeFailure(kind: isTimeout ? .connectTimeout : .cancelled, phase: phase, sentence: sentence)
        case .tls:
            let sentence = "\(peer) did not end the TLS handshake in time"
            return ExchangeFailure(kind: isTimeout ? .timeout : .cancelled, phase: phase, sentence: sentence)
        default:
            let sentence = "\(peer) did not say in time what was expected"
            return ExchangeFailure(kind: isTimeout ? .timeout : .cancelled, phase: phase, sentence: sentence)
        }
    }
}

func systemError(_ error: Int32) -> String { String(cString: strerror(error)) }

/// An error of the system's, in our words.
struct SystemFailure {
    let error: Int32

    init(_ error: Int32) { self.error = error }

    /// What this machine or process lacks; nil where the error is about something else.
    func lack(in phase: ExchangePhase, peer: String = "") -> ExchangeFailure? {
        let sentence: String
        switch error {
        case EMFILE: sentence = "the agent has no file descriptor left: raise its limit of open files"
        case ENFILE: sentence = "this machine has no file descriptor left"
        case ENOBUFS, ENOMEM: sentence = "this machine has no memory left for a connection"
        case EADDRNOTAVAIL: sentence = "this machine has no free local port, or no address of its own, to reach \(peer) from"
        default: return nil
        }
        return ExchangeFailure(kind: .localResources, phase: phase, sentence: sentence, detail: systemError(error))
    }

    /// A socket could not even be made.
    func opening(_ what: String) -> ExchangeFailure {
        if let lack = lack(in: .connect) { return lack }
        let kind: ExchangeFailure.Kind = [EACCES, EPERM].contains(error) ? .invalidRequest : .unreachable
        return ExchangeFailure(kind: kind, phase: .connect, sentence: "the system allows no such \(what)", detail: systemError(error))
    }

    func connecting(to peer: String) -> ExchangeFailure {
        if let lack = lack(in: .connect, peer: peer) { return lack }
        return switch error {
        case ECONNREFUSED:
            .init(kind: .refused, phase: .connect, sentence: "connection to \(peer) refused", detail: systemError(error))
        case ECONNRESET: .init(kind: .reset, phase: .connect, sentence: "the connection to \(peer) was cut")
        case ETIMEDOUT: .init(kind: .connectTimeout, phase: .connect, sentence: "no answer from \(peer) to the connection attempt")
        default: .init(kind: .unreachable, phase: .connect, sentence: "\(peer) cannot be reached", detail: systemError(error))
        }
    }

    /// A Unix socket is connected to at once or not at all.
    func connecting(toUnixSocket path: String) -> ExchangeFailure {
        if let lack = lack(in: .connect, peer: path) { return lack }
        let (kind, sentence): (ExchangeFailure.Kind, String) =
            switch error {
            case ENOENT: (.refused, "there is no socket \(path)")
            case ECONNREFUSED: (.refused, "nothing listens on the socket \(path)")
            case EAGAIN: (.connectTimeout, "the queue of the socket \(path) is full: its service accepts no connection")
            case EACCES, EPERM: (.invalidRequest, "the agent's user may not open the socket \(path)")
            default: (.unreachable, "the socket \(path) cannot be connected to")
            }
        return ExchangeFailure(kind: kind, phase: .connect, sentence: sentence, detail: systemError(error))
    }

    func speaking(with peer: String) -> ExchangeFailure {
        if let lack = lack(in: .processing, peer: peer) { return lack }
        return switch error {
        case ECONNRESET, EPIPE: .init(kind: .reset, phase: .processing, sentence: "the connection to \(peer) was cut")
        case ETIMEDOUT: .init(kind: .timeout, phase: .processing, sentence: "\(peer) went silent")
        default: .init(kind: .unreachable, phase: .processing, sentence: "speaking with \(peer) failed", detail: systemError(error))
        }
    }
}
