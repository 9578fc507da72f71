import HTTPTypes
import HealthManager
import Hummingbird
import NIOCore

extension Response {
    static func plain(_ status: HTTPResponse.Status, _ text: String, headers: HTTPFields = [:]) -> Response {
        bytes(status, Array(text.utf8), type: "text/plain; charset=utf-8", headers: headers)
    }

    static func html(_ text: String) -> Response { bytes(.ok, Array(text.utf8), type: "text/html; charset=utf-8") }

    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) throws -> Response {
        bytes(status, try JSONText.encode(value), type: "application/json", headers: headers)
    }

    static func bytes(_ status: HTTPResponse.Status, _ bytes: [UInt8], type: String, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = type
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
