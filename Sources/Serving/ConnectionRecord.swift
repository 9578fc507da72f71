import Concurrency
import NIOCore
import Synchronization

/// The phase of an open connection and when it began.
final class ConnectionRecord: Sendable {
    enum Phase: Sendable {
        /// Waiting for a request head, or it is incomplete.
        case head
        /// The head is complete, the body is not.
        case body
        /// The request is complete, the response has not begun.
        case working
        /// The response has begun.
        case answering
        /// All requests are answered, no bytes have been received since.
        case idle
    }

    struct State: Sendable {
        var phase: Phase {
            if working > 0 { return .working }
            if answering > 0 { return .answering }
            return receiving > 0 ? .body : rest
        }
        var since: NIODeadline
        /// Bytes buffered for sending at the last check.
        var unsent = 0
        /// Bytes that HTTP/2's flow control holds back.
        fileprivate var heldBack = 0
        /// How many exchanges are in the phase; HTTP/1 has at most one exchange at a time, HTTP/2 several.
        private var receiving = 0
        private var working = 0
        private var answering = 0
        /// The phase without exchanges.
        fileprivate var rest = Phase.head
        fileprivate var isMultiplexed = false
        fileprivate var isEnding = false

        init(since: NIODeadline) { self.since = since }

        fileprivate mutating func count(_ phase: Phase, by change: Int) {
            switch phase {
            case .body: receiving += change
            case .working: working += change
            case .answering: answering += change
            case .head, .idle: break
            }
        }
    }

    let channel: any Channel
    /// The peer's, without its port; nil on a Unix socket.
    let address: String?
    private let state: Mutex<State>
    /// Abandoned when the client closes its side of the connection.
    let client = Abandonment()

    init(_ channel: any Channel) {
        self.channel = channel
        address = channel.remoteAddress?.ipAddress
        state = Mutex(State(since: .now()))
    }

    /// Closes the socket. Closing the channel would ask the peer to agree, where there is TLS.
    func cut() {
        let channel = channel
        @Sendable func cut() {
            guard let first = try? channel.pipeline.syncOperations.context(handlerType: AcceptedConnection.Gate.self) else {
                return channel.close(promise: nil)
            }
            first.close(promise: nil)
        }
        if channel.eventLoop.inEventLoop { cut() } else { channel.eventLoop.execute(cut) }
    }

    var now: State { state.withLock(\.self) }

    /// HTTP/2 sends frames between requests, too: they are no request.
    func becameMultiplexed() {
        state.withLock { state in
            (state.isMultiplexed, state.rest, state.since) = (true, .idle, .now())
        }
    }

    /// An exchange of the connection changes its phase.
    func exchangeMoved(from old: Phase, to new: Phase) {
        let isOver = state.withLock { state in
            state.count(old, by: -1)
            state.count(new, by: 1)
            (state.rest, state.since) = (.idle, .now())
            return state.isEnding && state.phase == .idle
        }
        if isOver { channel.close(promise: nil) }
    }

    /// Flow control holds back bytes of a response, or has released them (negative).
    func heldBack(_ count: Int) { state.withLock { $0.heldBack += count } }

    func bytesCame() {
        state.withLock { state in
            if state.phase == .idle, !state.isMultiplexed { (state.rest, state.since) = (.head, .now()) }
        }
    }

    /// Closes the connection after its responses; at once if a request is incomplete.
    func quiesce() {
        let (phase, isMultiplexed) = state.withLock { state in
            state.isEnding = state.isMultiplexed
            return (state.phase, state.isMultiplexed)
        }
        switch phase {
        case .head, .body: channel.close(promise: nil)
        case .idle where isMultiplexed: channel.close(promise: nil)
        case .working, .answering, .idle: if !isMultiplexed { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
        }
    }

    /// Checks whether the peer has received data since the last check; if so, `since` becomes `now`. Called on the connection's event loop.
    func look(at now: NIODeadline) -> State {
        let buffered = Int((try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0)
        return state.withLock { state in
            let unsent = buffered + state.heldBack
            if unsent != state.unsent {
                state.unsent = unsent
                state.since = now
            }
            return state
        }
    }
}
