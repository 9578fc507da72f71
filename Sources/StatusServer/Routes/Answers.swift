import HTTPTypes
import HealthManager
import Hummingbird
import NIOCore

extension Response {
    /// Lines for people: what others wrote in them is made printable.
    static func plain(_ status: HTTPResponse.Status, _ text: String, headers: HTTPFields = [:]) -> Response {
        bytes(status, Array(PrintableText.lines(text).utf8), type: "text/plain; charset=utf-8", headers: headers)
    }

    /// The page: it loads nothing and runs nothing.
    static func html(_ text: String) -> Response {
        bytes(.ok, Array(text.utf8), type: "text/html; charset=utf-8", headers: [.contentSecurityPolicy: pagePolicy])
    }

    private static let pagePolicy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) throws -> Response {
        bytes(status, try JSONText.encode(value), type: "application/json", headers: headers)
    }

    static func bytes(_ status: HTTPResponse.Status, _ bytes: [UInt8], type: String, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = type
        headers[.xContentTypeOptions] = "nosniff"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}

/// What an API answer says when it says no.
struct ErrorDocument: Codable {
    var error: String
}

/// What `POST /-/restart?wait=` answers: the probes that have no fresh result yet.
struct WaitingDocument: Codable {
    var waiting: [String]
}
