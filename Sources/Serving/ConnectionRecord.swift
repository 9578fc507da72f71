package import Concurrency
package import NIOCore
import NIOHTTPTypes
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
        var phase: Phase = .head
        var since: NIODeadline
        /// Bytes buffered for sending at the last check.
        var unsent = 0
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

    func enter(_ phase: Phase) { state.withLock { $0 = State(phase: phase, since: .now()) } }

    func bytesCame() { state.withLock { if $0.phase == .idle { $0 = State(phase: .head, since: .now()) } } }

    /// Checks whether the peer has received data since the last check; if so, `since` becomes `now`. Called on the connection's event loop.
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

/// Updates the record of a connection as its requests and responses pass.
final class RequestWatch: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    let record: ConnectionRecord
    /// Complete requests not yet answered: a client may pipeline several.
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

extension Channel {
    /// Abandoned when the client closes its side of the connection. Nil if the connection is not served with limits, or if this is not its
    /// event loop.
    package var client: Abandonment? {
        guard eventLoop.inEventLoop else { return nil }
        return try? pipeline.syncOperations.handler(type: RequestWatch.self).record.client
    }
}
