import Glibc
import NIOCore

/// Stands before a listener's other handlers: where accepting fails for want of descriptors or memory, it frees some, or pauses.
///
/// NIO's own pause leaves the listener registered for reading, so that the event loop would be woken without end.
final class AcceptGuard: ChannelInboundHandler {
    typealias InboundIn = Channel

    private static let pause: TimeAmount = .milliseconds(100)

    private let connections: Connections

    init(_ connections: Connections) { self.connections = connections }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(error.errnoCode) else {
            return context.fireErrorCaught(error)
        }
        guard !connections.exhausted(error) else { return }
        let channel = context.channel
        try? channel.syncOptions?.setOption(.autoRead, value: false)
        context.eventLoop.scheduleTask(in: Self.pause) { try channel.syncOptions?.setOption(.autoRead, value: true) }
    }
}
