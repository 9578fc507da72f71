import Exposition
import HTTPTypes
import Hummingbird
import Synchronization

/// A text that is sent to several clients: it is compressed at most once.
final class SharedText: Sendable {
    let bytes: [UInt8]
    private let compressed = Mutex<[UInt8]?>(nil)

    init(_ bytes: [UInt8]) { self.bytes = bytes }
    convenience init(_ text: String) { self.init(Array(text.utf8)) }

    /// As a gzip stream; nil if it cannot be compressed.
    var gzip: [UInt8]? {
        compressed.withLock { compressed in
            if compressed == nil { compressed = Gzip.compress(bytes) }
            return compressed
        }
    }
}

extension Response {
    /// Answers with the text as it is, or compressed for a client that accepts it.
    /// - Parameters:
    ///   - request: that is answered.
    ///   - answer: makes the response of the bytes that are sent.
    static func shared(_ text: SharedText, to request: Request, _ answer: ([UInt8]) -> Response) -> Response {
        guard Negotiation.acceptsGzip(request.headers[.acceptEncoding]), let gzip = text.gzip else { return answer(text.bytes) }
        var response = answer(gzip)
        response.headers[.contentEncoding] = "gzip"
        return response
    }
}
