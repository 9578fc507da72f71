package import Concurrency
package import NIOCore
import NIOHTTPTypes

/// Updates the record of a connection as requests and responses pass: all those of an HTTP/1 connection, or the one of an HTTP/2 stream.
///
/// A request that a client of HTTP/1 sends before the previous one is answered waits for that answer, and a moment longer, and nothing more is
/// read meanwhile: many clients that pipeline could otherwise keep the event loop from all others. Browsers, curl and Prometheus do not. The
/// connection of a client that sends more than a few in advance is cut.
final class RequestWatch: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Between the answer to a request and the next one, if that came too early.
    private static let pause: TimeAmount = .milliseconds(200)

    private static let mostEarly = 16

    private let record: ConnectionRecord
    /// Abandoned when the client gives up the exchange.
    let client: Abandonment
    private let isStream: Bool
    private var phase = ConnectionRecord.Phase.idle
    /// Requests begun and complete, responses begun and complete: a client may pipeline several, and a response may come before the end of
    /// its request.
    private var (heads, requests, answersBegun, answers) = (0, 0, 0, 0)
    /// What came too early.
    private var early = CircularBuffer<HTTPRequestPart>()
    private var earlyHeads = 0

    /// - Parameter isStream: of HTTP/2.
    init(_ record: ConnectionRecord, isStream: Bool = false) {
        self.record = record
        self.isStream = isStream
        client = isStream ? Abandonment() : record.client
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        // More parts of what was read at once follow after a cut.
        guard earlyHeads <= Self.mostEarly else { return }
        if case .head = part, !isStream, heads > answers || !early.isEmpty {
            earlyHeads += 1
            guard earlyHeads <= Self.mostEarly else {
                early.removeAll()
                return record.cut()
            }
            return early.append(part)
        }
        if early.isEmpty { pass(part, context) } else { early.append(part) }
    }

    func read(context: ChannelHandlerContext) {
        if early.isEmpty { context.read() }
    }

    private func pass(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head: heads += 1
        case .body: break
        case .end: requests += 1
        }
        move()
        context.fireChannelRead(wrapInboundOut(part))
    }

    /// Passes on one of the requests that came too early.
    private func passNext(_ context: ChannelHandlerContext) {
        guard context.channel.isActive, !early.isEmpty else { return }
        earlyHeads -= 1
        while let part = early.popFirst() {
            pass(part, context)
            if case .end = part { break }
        }
        context.fireChannelReadComplete()
        read(context: context)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var promise = promise
        switch unwrapOutboundIn(data) {
        case .head: answersBegun += 1
        case .body(let bytes): promise = isStream ? watched(bytes.readableBytes, promise, context) : promise
        case .end: answers += 1
        }
        move()
        context.write(data, promise: promise)
        if case .end = unwrapOutboundIn(data), !early.isEmpty {
            context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) { self.passNext(context) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if isStream {
            client.abandon()
            enter(.idle)
        }
        context.fireChannelInactive()
    }

    private func move() {
        enter(
            answersBegun > answers ? .answering : requests > answers ? .working : heads > max(requests, answers) ? .body : .idle)
    }

    private func enter(_ next: ConnectionRecord.Phase) {
        guard next != phase else { return }
        record.exchangeMoved(from: phase, to: next)
        phase = next
    }

    /// Flow control keeps bytes in the stream, where the connection's socket does not see them.
    private func watched(_ count: Int, _ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext) -> EventLoopPromise<Void> {
        let promise = promise ?? context.eventLoop.makePromise()
        record.heldBack(count)
        promise.futureResult.whenComplete { [record] _ in record.heldBack(-count) }
        return promise
    }
}

extension Channel {
    /// Abandoned when the client closes its side of the connection, or ends its stream of HTTP/2. Nil if the connection is not served with
    /// limits, or if this is not its event loop.
    package var client: Abandonment? {
        guard eventLoop.inEventLoop else { return nil }
        return try? pipeline.syncOperations.handler(type: RequestWatch.self).client
    }
}
