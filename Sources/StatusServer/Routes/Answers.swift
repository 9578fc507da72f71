import Documents
import HTTPTypes
import Hummingbird
import NIOCore
import Probing

extension Response {
    /// Plain text for display: control characters are made printable.
    static func plain(_ status: HTTPResponse.Status, _ text: String, headers: HTTPFields = [:]) -> Response {
        bytes(status, Array(PrintableText.lines(text).utf8), type: "text/plain; charset=utf-8", headers: headers)
    }

    /// An HTML page with a content security policy that allows what the agent itself serves, and nothing inline.
    /// - Parameter varies: whether programs get something else at the same address.
    static func html(_ text: String, status: HTTPResponse.Status = .ok, varies: Bool = false) -> Response {
        html(Array(text.utf8), status: status, varies: varies)
    }

    /// The same of encoded text.
    static func html(_ text: [UInt8], status: HTTPResponse.Status = .ok, varies: Bool = false) -> Response {
        var headers: HTTPFields = [.contentSecurityPolicy: pagePolicy, .cacheControl: "no-cache"]
        if varies { headers[.vary] = "Accept" }
        return bytes(status, text, type: "text/html; charset=utf-8", headers: headers)
    }

    /// The same page as one that depends on who has logged in.
    /// - Parameter user: nil for nobody.
    func personal(to user: String?) -> Response {
        var response = self
        response.headers[.vary] = [response.headers[.vary], "Authorization"].compactMap(\.self).joined(separator: ", ")
        if user != nil { response.headers[.cacheControl] = "private, no-cache" }
        return response
    }

    private static let pagePolicy =
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
        + "frame-ancestors 'none'"

    /// A picture, which loads nothing.
    static func svg(_ text: String, headers: HTTPFields = [.cacheControl: "no-cache"]) -> Response {
        svg(Array(text.utf8), headers: headers)
    }

    /// The same of encoded text.
    static func svg(_ text: [UInt8], headers: HTTPFields = [.cacheControl: "no-cache"]) -> Response {
        var headers = headers
        headers[.contentSecurityPolicy] = "default-src 'none'"
        return bytes(.ok, text, type: "image/svg+xml", headers: headers)
    }

    /// JSON, which may be looked at in a terminal as well: control characters in its texts are escaped.
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) throws -> Response {
        var json = try JSONText.encode(value)
        // Bytes that characters begin with which the encoder leaves as they are.
        if json.contains(where: { [0x7F, 0xC2, 0xD8, 0xE2].contains($0) }) {
            json = Array(PrintableText.lines(String(decoding: json, as: UTF8.self)).utf8)
        }
        return bytes(status, json, type: "application/json", headers: headers)
    }

    static func bytes(_ status: HTTPResponse.Status, _ bytes: [UInt8], type: String, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = type
        headers[.xContentTypeOptions] = "nosniff"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
