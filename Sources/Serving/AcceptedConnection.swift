import Concurrency
import NIOCore

/// An accepted connection; it is closed when this object is released.
final class AcceptedConnection: Sendable {
    let channel: any Channel
    /// Nil if the connections of the listener are not tracked.
    let record: ConnectionRecord?

    init(_ channel: any Channel, _ record: ConnectionRecord?) {
        self.channel = channel
        self.record = record
    }

    deinit { channel.close(promise: nil) }

    /// The first handler of a tracked connection: records incoming bytes and their end.
    final class Gate: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let record: ConnectionRecord

        init(_ record: ConnectionRecord) { self.record = record }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            record.bytesCame()
            context.fireChannelRead(data)
        }

        func channelInactive(context: ChannelHandlerContext) {
            record.client.abandon()
            context.fireChannelInactive()
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if let event = event as? ChannelEvent, event == .inputClosed { record.client.abandon() }
            context.fireUserInboundEventTriggered(event)
        }
    }
}
