import Exposition
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// Compresses pages, pictures and feeds for clients that accept it, unless the route has done so.
struct CompressionMiddleware: RouterMiddleware {
    private static let types = ["text/html", "text/css", "text/javascript", "text/calendar", "image/svg+xml", "application/atom+xml"]
    /// What is smaller fits one packet anyway.
    private static let least = 1000

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        guard let type = response.headers[.contentType], Self.types.contains(where: type.hasPrefix) else { return response }
        response.headers[.vary] = response.headers[.vary].map { $0 + ", Accept-Encoding" } ?? "Accept-Encoding"
        guard request.method == .get, response.headers[.contentEncoding] == nil, (response.body.contentLength ?? 0) >= Self.least,
            Negotiation.acceptsGzip(request.headers[.acceptEncoding]), let gzip = Gzip.compress(await response.collected())
        else { return response }
        var headers = response.headers
        headers[.contentLength] = nil
        headers[.contentEncoding] = "gzip"
        return Response(status: response.status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: gzip)))
    }
}

extension Response {
    private final class Collected: Sendable {
        let bytes = Mutex<[UInt8]>([])
    }

    private struct Collector: ResponseBodyWriter {
        let into: Collected

        mutating func write(_ buffer: ByteBuffer) async throws { into.bytes.withLock { $0 += buffer.readableBytesView } }
        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }

    /// The whole body.
    func collected() async -> [UInt8] {
        let collected = Collected()
        try? await body.write(Collector(into: collected))
        return collected.bytes.withLock(\.self)
    }
}
