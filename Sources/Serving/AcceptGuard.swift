import Glibc
import NIOCore

/// The first handler of a listener: if accepting fails for lack of descriptors or memory, it has a descriptor freed or pauses accepting.
///
/// NIO's own pause leaves the listener registered for reading, which would wake the event loop continuously.
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
