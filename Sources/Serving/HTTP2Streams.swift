import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP2
import NIOHTTPTypes
import NIOHTTPTypesHTTP2

/// The requests of one HTTP/2 connection, each a stream. A stream gets its handlers only when it is served, as a connection does.
struct HTTP2Streams: Sendable {
    /// A stream that is closed when this object is released.
    private final class Stream: Sendable {
        let channel: any Channel

        init(_ channel: any Channel) { self.channel = channel }

        deinit { channel.close(promise: nil) }
    }

    /// Of one connection: its client has them answered at once, and each may have a response that is not read.
    private static let mostAtOnce = 20

    private let multiplexer: NIOHTTP2Handler.AsyncStreamMultiplexer<Stream>
    private let record: ConnectionRecord?

    /// Adds the handlers of HTTP/2 to a connection. Called on its event loop.
    init(on channel: any Channel, _ record: ConnectionRecord?) throws {
        var configuration = NIOHTTP2Handler.Configuration()
        configuration.connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: Self.mostAtOnce),
            HTTP2Setting(parameter: .maxHeaderListSize, value: 16 << 10),
        ]
        multiplexer = try channel.pipeline.syncOperations.configureAsyncHTTP2Pipeline(
            mode: .server, streamDelegate: nil, configuration: configuration
        ) { stream in
            stream.setOption(.autoRead, value: false).map { Stream(stream) }
        }
        self.record = record
        record?.becameMultiplexed()
    }

    /// Serves the streams until the connection closes.
    func serve(_ http: HTTP1Channel, logger: Logger) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for try await stream in multiplexer.inbound {
                group.addTask { await serve(stream, http, logger) }
            }
        }
    }

    /// What follows the handlers is the same as with HTTP/1.1.
    private func serve(_ stream: Stream, _ http: HTTP1Channel, _ logger: Logger) async {
        let channel = stream.channel
        let served = channel.eventLoop.submit {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(HTTP2FramePayloadToHTTPServerCodec())
            if let record { try pipeline.addHandler(RequestWatch(record, isStream: true)) }
            let value = try HTTP1Channel.Value(wrappingChannelSynchronously: channel)
            // Reading begins by itself only when a stream opens.
            channel.setOption(.autoRead, value: true).whenSuccess { channel.read() }
            return value
        }
        if let value = try? await served.get() { await http.handle(value: value, logger: logger) }
        withExtendedLifetime(stream) {}
    }
}
