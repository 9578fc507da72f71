import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Puts a service's own idea of the time into `Date`: the HTTP server writes that header after every service.
final class ClockShift: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How a service says which date its answer is to bear; it does not leave the lab.
    static let header: HTTPField.Name = .init("X-Lab-Date") ?? .date

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = unwrapOutboundIn(data), let date = head.headerFields[Self.header] else {
            return context.write(data, promise: promise)
        }
        head.headerFields[Self.header] = nil
        head.headerFields[.date] = date
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }
}
