import HummingbirdCore
import NIOCore
import Synchronization

/// A connection that was accepted. Dropped, it is closed.
final class AcceptedConnection: ServerChildChannelValue {
    let channel: any Channel
    /// Nil where nobody keeps count.
    let record: ConnectionRecord?
    /// Whether its HTTP handlers are there, which then see to its end.
    let isServed = Mutex(false)

    init(_ channel: any Channel, _ record: ConnectionRecord?) {
        self.channel = channel
        self.record = record
    }

    deinit { channel.close(promise: nil) }

    /// The first handler of the connection.
    var gate: Gate { Gate(self) }

    /// Closes the connection when its server stops before it is served, and notes that something came.
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

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event is ChannelShouldQuiesceEvent, connection?.isServed.withLock(\.self) == false { return context.close(promise: nil) }
            context.fireUserInboundEventTriggered(event)
        }
    }
}
