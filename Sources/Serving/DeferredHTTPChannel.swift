package import HummingbirdCore
import Logging
package import NIOCore
import NIOHTTPTypes
import NIOTLS
import Synchronization

extension HTTPServerBuilder {
    /// An HTTP/1.1 server, and HTTP/2 where TLS agrees on it, whose connections can be dropped at any time before they are served.
    ///
    /// A server that stops drops connections that were accepted but not yet served. NIO traps if such a connection already has its
    /// asynchronous reader and writer; therefore a connection gets its handlers only when it is served.
    /// - Parameters:
    ///   - connections: tracks the connections and enforces limits; nil for no limits.
    ///   - configuration: the configuration of the HTTP/1.1 handlers.
    ///   - prepare: adds the handlers that precede HTTP, such as TLS; called on the connection's event loop. Returns whether their handshake
    ///     may agree on HTTP/2.
    package static func deferred(
        _ connections: Connections? = nil, configuration: HTTP1Channel.Configuration = .bounded,
        prepare: @escaping @Sendable (any Channel) throws -> Bool = { _ in false }
    ) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            DeferredHTTPChannel(responder: responder, connections: connections, configuration: configuration, prepare: prepare)
        }
    }
}

extension HTTP1Channel.Configuration {
    /// The head of a request has at most 200 fields and 64 KB.
    package static var bounded: Self {
        Self(httpDecoderConfiguration: .init(maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 64 << 10, maxHeaderFieldCount: 200))
    }
}

package enum TLSHandshake {
    /// Whether an event of a channel is the end of its handshake.
    package static func isCompleted(by event: Any) -> Bool {
        if case .handshakeCompleted? = event as? TLSUserEvent { true } else { false }
    }
}

/// Accepts a connection without handlers and sets up HTTP when it is served.
private struct DeferredHTTPChannel: ServerChildChannel {
    private enum Spoken {
        case http1(HTTP1Channel.Value)
        case http2(HTTP2Streams)
    }

    let responder: HTTPChannelHandler.Responder
    let connections: Connections?
    let configuration: HTTP1Channel.Configuration
    let prepare: @Sendable (any Channel) throws -> Bool

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
        let served = channel.eventLoop.flatSubmit { () -> EventLoopFuture<Spoken> in
            do {
                accepted.isServed.withLock { $0 = true }
                try channel.syncOptions?.setOption(.autoRead, value: true)
                // HTTP's handlers come last: from then on the connection must not be dropped.
                guard try prepare(channel) else { return http.setup(channel: channel, logger: logger).map { .http1($0) } }
                let negotiation = NIOTypedApplicationProtocolNegotiationHandler<Spoken> { result in
                    guard case .negotiated("h2") = result else { return http.setup(channel: channel, logger: logger).map { .http1($0) } }
                    return channel.eventLoop.makeCompletedFuture { .http2(try HTTP2Streams(on: channel, accepted.record)) }
                }
                try channel.pipeline.syncOperations.addHandler(negotiation)
                return negotiation.protocolNegotiationResult
            } catch {
                return channel.eventLoop.makeFailedFuture(error)
            }
        }
        // Hummingbird's own shutdown waits for the peer, which may never close.
        await withTaskCancellationHandler {
            do {
                switch try await served.get() {
                case .http1(let value): await http.handle(value: value, logger: logger)
                case .http2(let streams): try await streams.serve(http, logger: logger)
                }
            } catch { channel.close(promise: nil) }
        } onCancel: {
            channel.close(promise: nil)
        }
        withExtendedLifetime(accepted) {}
    }
}
