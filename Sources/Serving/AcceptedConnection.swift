import Concurrency
import HummingbirdCore
import NIOCore
import Synchronization

/// An accepted connection; it is closed when this object is released.
final class AcceptedConnection: ServerChildChannelValue {
    let channel: any Channel
    /// Nil if the connections of the listener are not tracked.
    let record: ConnectionRecord?
    /// Whether the HTTP handlers have been installed; they then close the connection.
    let isServed = Mutex(false)

    init(_ channel: any Channel, _ record: ConnectionRecord?) {
        self.channel = channel
        self.record = record
    }

    deinit { channel.close(promise: nil) }

    /// The first handler of the connection.
    var gate: Gate { Gate(self) }

    /// Closes the connection if the server stops before it is served, and records incoming bytes and their end.
    final class Gate: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private weak var connection: AcceptedConnection?
        private let record: ConnectionRecord?

        init(_ connection: AcceptedConnection) {
            self.connection = connection
            record = connection.record
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            record?.bytesCame()
            context.fireChannelRead(data)
        }

        func channelInactive(context: ChannelHandlerContext) {
            record?.client.abandon()
            context.fireChannelInactive()
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if let event = event as? ChannelEvent, event == .inputClosed { record?.client.abandon() }
            if event is ChannelShouldQuiesceEvent, connection?.isServed.withLock(\.self) == false { return context.close(promise: nil) }
            context.fireUserInboundEventTriggered(event)
        }
    }
}
