package import HummingbirdCore
import Logging
package import NIOCore
import Synchronization

extension HTTPServerBuilder {
    /// An HTTP/1.1 server whose connections can be dropped at any time before they are served.
    ///
    /// A server that stops drops connections that were accepted but not yet served. NIO traps if such a connection already has its
    /// asynchronous reader and writer; therefore a connection gets its handlers only when it is served.
    /// - Parameters:
    ///   - connections: tracks the connections and enforces limits; nil for no limits.
    ///   - configuration: the configuration of the HTTP handlers.
    ///   - prepare: adds the handlers that precede HTTP, such as TLS; called on the connection's event loop.
    package static func deferred(
        _ connections: Connections? = nil, configuration: HTTP1Channel.Configuration = .init(),
        prepare: @escaping @Sendable (any Channel) throws -> Void = { _ in }
    ) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            DeferredHTTPChannel(responder: responder, connections: connections, configuration: configuration, prepare: prepare)
        }
    }
}

/// Accepts a connection without handlers and sets up HTTP when it is served.
private struct DeferredHTTPChannel: ServerChildChannel {
    let responder: HTTPChannelHandler.Responder
    let connections: Connections?
    let configuration: HTTP1Channel.Configuration
    let prepare: @Sendable (any Channel) throws -> Void

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<AcceptedConnection> {
        let accepted = AcceptedConnection(channel, connections?.admit(channel))
        return channel.eventLoop.makeCompletedFuture {
            // Without handlers, received bytes would be lost.
            try channel.syncOptions?.setOption(.autoRead, value: false)
            try channel.pipeline.syncOperations.addHandler(accepted.gate)
            return accepted
        }
    }

    func handle(value accepted: AcceptedConnection, logger: Logger) async {
        let channel = accepted.channel
        var configuration = configuration
        if let record = accepted.record {
            let others = configuration.additionalChannelHandlers
            configuration.additionalChannelHandlers = { others() + [RequestWatch(record)] }
        }
        let http = HTTP1Channel(responder: responder, configuration: configuration)
        let served = channel.eventLoop.flatSubmit { () -> EventLoopFuture<HTTP1Channel.Value> in
            do {
                accepted.isServed.withLock { $0 = true }
                try channel.syncOptions?.setOption(.autoRead, value: true)
                try prepare(channel)
            } catch {
                return channel.eventLoop.makeFailedFuture(error)
            }
            // Last: from here on the connection must not be dropped.
            return http.setup(channel: channel, logger: logger)
        }
        // Hummingbird's own shutdown waits for the peer, which may never close.
        await withTaskCancellationHandler {
            do { await http.handle(value: try await served.get(), logger: logger) } catch { channel.close(promise: nil) }
        } onCancel: {
            channel.close(promise: nil)
        }
        withExtendedLifetime(accepted) {}
    }
}
