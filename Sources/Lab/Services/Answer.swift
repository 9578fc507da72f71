import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Serving

/// Answers of the lab's services, right and wrong ones.
enum Answer {
    static func json(_ bytes: [UInt8], status: HTTPResponse.Status = .ok, date: Date? = nil) -> Response {
        make(status, bytes, type: "application/json; charset=utf-8", date: date)
    }

    static func text(_ status: HTTPResponse.Status, _ text: String, type: String = "text/plain", headers: HTTPFields = [:]) -> Response {
        make(status, Array(text.utf8), type: type, headers: headers)
    }

    /// What a fault answers in the document's place; nil where the fault is in the document itself.
    static func faulty(_ fault: Fault.Answer, document: [UInt8]) -> Response? {
        switch fault {
        case .status(let code): text(.init(code: code), "status \(code)")
        case .redirectElsewhere: text(.found, "", headers: [.location: "https://login.example/sign-in"])
        case .errorPage:
            text(.found, "", headers: [.location: "https://mail.fabrikam.com/owa/auth/errorFE.aspx?CafeError=SSLCertificateProblem"])
        case .loginPage: text(.ok, "<!DOCTYPE html><title>Sign in</title>", type: "text/html")
        case .unauthorizedPage: text(.unauthorized, "<!DOCTYPE html><title>Sign in</title>", type: "text/html")
        case .malformed: json(Array(document.prefix(document.count / 2)))
        case .endless: Response(status: .ok, headers: [.contentType: "application/json"], body: endless)
        case .slow: Response(status: .ok, headers: [.contentType: "application/json"], body: slow(document))
        case .clock(let seconds): json(document, date: Date() + TimeInterval(seconds))
        default: nil
        }
    }

    private static func make(
        _ status: HTTPResponse.Status, _ bytes: [UInt8], type: String, headers: HTTPFields = [:], date: Date? = nil
    ) -> Response {
        var headers = headers
        headers[.contentType] = type
        if let date { headers[.date] = HTTPServer.date(Int(date.timeIntervalSince1970)) }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// Two megabytes at once, which is more than anybody reads, then slowly on: what waits in the system's buffers was paid for in full.
    private static var endless: ResponseBody {
        ResponseBody { writer in
            let part = ByteBuffer(string: String(repeating: "{\"keys\": [", count: 20_000))
            var written = 0
            while !Task.isCancelled {
                try await writer.write(part)
                written += part.readableBytes
                if written > 2 << 20 { try await Task.sleep(for: .milliseconds(500)) }
            }
            try await writer.finish(nil)
        }
    }

    private static func slow(_ document: [UInt8]) -> ResponseBody {
        ResponseBody { writer in
            for byte in document {
                try await writer.write(ByteBuffer(bytes: [byte]))
                try await Task.sleep(for: .seconds(1))
            }
            try await writer.finish(nil)
        }
    }
}
