package import FoundationEssentials
package import Probing
import Transfers

/// An HTTP probe's last response.
package struct HTTPFacts: Sendable, Hashable {
    /// 0 if there was no response.
    package var status = 0
    /// Content-Length of the last response; -1 if it had none, 0 if there was no response.
    package var contentLength = 0
    /// Bytes of the body that were read, after decompression.
    package var bodyLength = 0
    /// Redirect responses received, including a last one that was not followed.
    package var redirects = 0
    /// Whether the last response was received over TLS; false if there was no response.
    package var isTLS = false
    /// `1.1`, `2`; nil if there was no response.
    package var version: String?
    package var lastModified: Date?
    /// Whether a body or header pattern of the module failed.
    package var failedByPattern = false
    /// Whether a CEL expression of the module failed; nil if it has none.
    package var failedByExpression: Bool?

    package init() {}
}

extension HTTPFacts: TargetFacts {
    static let statusCode = MetricDefinition("probe_http_status_code", "HTTP status code of the response; 0 if there was none.")
    static let announcedLength = MetricDefinition("probe_http_content_length", "Value of the Content-Length header; -1 if absent.")
    static let readLength = MetricDefinition(
        "probe_http_uncompressed_body_length", "Length of the response body after decompression, as far as it was read.")
    static let redirectCount = MetricDefinition("probe_http_redirects", "Number of redirects.")
    static let tls = MetricDefinition("probe_http_ssl", "1 if the last request used TLS.")
    static let protocolVersion = MetricDefinition("probe_http_version", "HTTP version of the response; 0 if there was none.")
    static let modified = MetricDefinition(
        "probe_http_last_modified_timestamp_seconds", "Time in the Last-Modified header of the response.")

    static let expressionFailed = MetricDefinition(
        "probe_failed_due_to_cel", "1 if the probe failed because of a CEL expression; absent if the module has none.")

    static let metrics = [
        expressionFailed, statusCode, announcedLength, readLength, redirectCount, tls, protocolVersion, ConversationFacts.regexFailed,
        modified,
    ]

    package var measurements: [Measurement] {
        [
            Self.statusCode(status), Self.announcedLength(contentLength), Self.readLength(bodyLength), Self.redirectCount(redirects),
            Self.tls(isTLS), Self.protocolVersion(version.flatMap { Double($0) } ?? 0), ConversationFacts.regexFailed(failedByPattern),
        ] + (failedByExpression.map { [Self.expressionFailed($0)] } ?? [])
            + (lastModified.map { [Self.modified($0.timeIntervalSince1970)] } ?? [])
    }
}

extension HTTPFacts {
    /// - Parameter method: of the request.
    init(_ report: ExchangeReport, to method: ExchangeRequest.Method) {
        self.init()
        redirects = report.redirects
        guard let response = report.response else { return }
        status = response.status
        contentLength = Self.announcedLength(response, to: method)
        bodyLength = response.bodyLength
        isTLS = HTTPProbe.isTLS(response)
        version = response.version
        lastModified = response.date(of: "Last-Modified")
    }

    /// As in Go, a response that cannot have a body has none whatever it says, unless it is one to HEAD.
    private static func announcedLength(_ response: ExchangeResponse, to method: ExchangeRequest.Method) -> Int {
        if method != .head, response.status < 200 || [204, 304].contains(response.status) { return 0 }
        return response.values(of: "Content-Length").first.flatMap { Int($0) } ?? -1
    }
}
