package import Glibc
import HTTPTypes
package import HummingbirdCore
package import Logging
package import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOPosix
import NIOTLS
import ServiceLifecycle
import Synchronization

/// What a server listens on.
package enum ListeningSocket: Sendable {
    case address(host: String, port: Int)
    /// The path of a Unix socket, which is removed when the server stops. A socket that is there already is replaced.
    case path(String)
    /// The descriptor of a socket that already listens and belongs to another process, too. It is closed when the server stops.
    case inherited(Int32)
}

/// An HTTP/1.1 server, and HTTP/2 where TLS agrees on it, whose connections can be dropped at any time before they are served.
///
/// A server that stops drops connections that were accepted but not yet served. NIO traps if such a connection already has its
/// asynchronous reader and writer; therefore a connection gets its handlers only when it is served.
package struct HTTPServer: Sendable {
    /// Answers a request that came on a connection, or on a stream of HTTP/2.
    package typealias Answer = @Sendable (Request, any Channel) async throws -> Response

    private enum Spoken {
        case http1(HTTP1Channel.Value)
        case http2(HTTP2Streams)
    }

    /// The length of the queue of a listening socket that connections wait in until they are accepted; the system may have a lower limit.
    private static let backlog: Int32 = 256

    private let loops: any EventLoopGroup
    private let connections: Connections?
    private let prepare: @Sendable (any Channel) throws -> Bool
    private let logger: Logger
    private let answer: Answer

    /// - Parameters:
    ///   - connections: tracks the connections and enforces limits; nil for no limits.
    ///   - prepare: adds the handlers that precede HTTP, such as TLS; called on the connection's event loop. Returns whether their handshake
    ///     may agree on HTTP/2.
    ///   - answer: an error that it throws is answered with status 500. A `Date` that it sets is kept; the body of an answer to HEAD is not
    ///     sent.
    package init(
        loops: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, connections: Connections? = nil,
        prepare: @escaping @Sendable (any Channel) throws -> Bool = { _ in false }, logger: Logger, answer: @escaping Answer
    ) {
        self.loops = loops
        self.connections = connections
        self.prepare = prepare
        self.logger = logger
        self.answer = answer
    }

    /// Serves until the task is cancelled, or shut down gracefully: connections then end after their responses, those with an incomplete
    /// request at once. Without `connections`, a graceful shutdown waits until the clients close theirs.
    /// - Parameter onListening: called with the listening channel before the first connection is served.
    /// - Throws: if the socket cannot be bound; `ChannelError.eof` if it can no longer accept connections.
    package func run(on socket: ListeningSocket, onListening: (any Channel) async -> Void) async throws {
        let listener = try await listen(on: socket)
        let isStopping = Atomic(false)
        do {
            try await withGracefulShutdownHandler {
                await onListening(listener.channel)
                try await withThrowingDiscardingTaskGroup { group in
                    try await listener.executeThenClose { accepted in
                        for try await connection in accepted { group.addTask { await serve(connection) } }
                    }
                }
                // Without being asked to: the socket can no longer be used.
                if !isStopping.load(ordering: .acquiring), !Task.isCancelled { throw ChannelError.eof }
            } onGracefulShutdown: {
                isStopping.store(true, ordering: .releasing)
                // In its turn on the event loop: no connection is accepted after that.
                listener.channel.close().whenComplete { _ in connections?.quiesce() }
            }
        } catch is CancellationError {}
    }

    private func listen(on socket: ListeningSocket) async throws -> NIOAsyncChannel<AcceptedConnection, Never> {
        var bootstrap = ServerBootstrap(group: loops)
            .serverChannelOption(.backlog, value: Self.backlog)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
        if let connections { bootstrap = bootstrap.serverChannelInitializer(connections.watch) }
        switch socket {
        case .address(let host, let port):
            return try await bootstrap.serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: host, port: port, childChannelInitializer: accept)
        case .path(let path):
            return try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true, childChannelInitializer: accept)
        case .inherited(let descriptor):
            let listener = try await bootstrap.bind(descriptor, childChannelInitializer: accept)
            // NIO has set the length of the queue to the value above. What it was cannot be read; systemd's default is the most that there can be.
            _ = Glibc.listen(descriptor, .max)
            return listener
        }
    }

    private func accept(_ channel: any Channel) -> EventLoopFuture<AcceptedConnection> {
        let accepted = AcceptedConnection(channel, connections?.admit(channel))
        return channel.eventLoop.makeCompletedFuture {
            // Without handlers, received bytes would be lost.
            try channel.syncOptions?.setOption(.autoRead, value: false)
            if let record = accepted.record { try channel.pipeline.syncOperations.addHandler(AcceptedConnection.Gate(record)) }
            return accepted
        }
    }

    private func serve(_ accepted: AcceptedConnection) async {
        let channel = accepted.channel
        // The head of a request of HTTP/1 has at most 200 fields and 64 KB.
        var configuration = HTTP1Channel.Configuration(
            httpDecoderConfiguration: .init(maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 64 << 10, maxHeaderFieldCount: 200))
        if let record = accepted.record { configuration.additionalChannelHandlers = { [RequestWatch(record)] } }
        let http = HTTP1Channel(responder: respond, configuration: configuration)
        let served = channel.eventLoop.flatSubmit { () -> EventLoopFuture<Spoken> in
            do {
                try channel.syncOptions?.setOption(.autoRead, value: true)
                // HTTP's handlers come last: from then on the connection must not be dropped.
                guard try prepare(channel) else { return setUp(http, on: channel) }
                let negotiation = NIOTypedApplicationProtocolNegotiationHandler<Spoken> { result in
                    guard case .negotiated("h2") = result else { return setUp(http, on: channel) }
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

    private func setUp(_ http: HTTP1Channel, on channel: any Channel) -> EventLoopFuture<Spoken> {
        http.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(OldVersionHandler(), position: .after(decoder))
            return .http1(value)
        }
    }

    private func respond(to request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel) async throws {
        var response: Response
        do { response = try await answer(request, channel) } catch let error as HTTPParserError {
            // Answered with status 400.
            throw error
        } catch {
            response = Response(status: .internalServerError)
        }
        if request.method == .head { response = response.createHeadResponse() }
        if response.headers[.date] == nil { response.headers[.date] = Self.date(time(nil)) }
        do { try await writer.write(response: response.head, body: response.body) } catch is HTTPParserError {
            // No second response may begin.
            throw ChannelError.inputClosed
        }
    }

    /// A time in seconds since 1970 as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
    package static func date(_ seconds: time_t) -> String {
        var (seconds, parts) = (seconds, tm())
        gmtime_r(&seconds, &parts)
        return String(unsafeUninitializedCapacity: 32) { bytes in
            // Names are English, because the program does not set a locale.
            bytes.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { strftime($0, text.count, "%a, %d %b %Y %T GMT", &parts) } ?? 0
            }
        }
    }
}

/// Has the connection of a client of HTTP/1.0 closed after the first response: the handlers that follow do not see the version.
private final class OldVersionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data), (head.version.major, head.version.minor) < (1, 1) else {
            return context.fireChannelRead(data)
        }
        head.headers.replaceOrAdd(name: "Connection", value: "close")
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }
}

package enum TLSHandshake {
    /// Whether an event of a channel is the end of its handshake.
    package static func isCompleted(by event: Any) -> Bool {
        if case .handshakeCompleted? = event as? TLSUserEvent { true } else { false }
    }
}
