import NIOCore
import NIOHTTPTypes
import Synchronization

/// What an open connection is at, and since when.
final class ConnectionRecord: Sendable {
    enum Phase: Sendable {
        /// A request's head is awaited or incomplete.
        case head
        /// The head is there, the body is not whole.
        case body
        /// The request is whole, nothing is answered yet.
        case working
        case answering
        /// All is answered, nothing has come since.
        case idle
    }

    struct State: Sendable {
        var phase: Phase = .head
        var since: NIODeadline
        /// Bytes that the other end has not taken, when last looked at.
        var unsent = 0
    }

    let channel: any Channel
    private let state: Mutex<State>

    init(_ channel: any Channel) {
        self.channel = channel
        state = Mutex(State(since: .now()))
    }

    var now: State { state.withLock(\.self) }

    func enter(_ phase: Phase) { state.withLock { $0 = State(phase: phase, since: .now()) } }

    func bytesCame() { state.withLock { if $0.phase == .idle { $0 = State(phase: .head, since: .now()) } } }

    /// Looks at what the other end has taken since the last look; on the connection's event loop.
    func look(at now: NIODeadline) -> State {
        let unsent = Int((try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0)
        return state.withLock { state in
            if unsent != state.unsent {
                state.unsent = unsent
                state.since = now
            }
            return state
        }
    }
}

/// Tells a connection's record what becomes of its requests.
final class RequestWatch: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let record: ConnectionRecord
    /// Requests that are whole and not yet answered: a client may send several at once.
    private var waiting = 0

    init(_ record: ConnectionRecord) { self.record = record }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: if waiting == 0 { record.enter(.body) }
        case .body: break
        case .end:
            waiting += 1
            if waiting == 1 { record.enter(.working) }
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head: record.enter(.answering)
        case .body: break
        case .end:
            waiting = max(waiting - 1, 0)
            record.enter(waiting == 0 ? .idle : .working)
        }
        context.write(data, promise: promise)
    }
}
