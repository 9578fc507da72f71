package import Addresses
import CCurl
package import FoundationEssentials

/// The result of one exchange, whether it completed or failed.
package struct ExchangeReport: Sendable {
    /// The last response whose status line was received, even if its body is incomplete; nil if there was none.
    package var response: ExchangeResponse?
    /// Why the exchange did not complete; nil if a complete response within bounds was received.
    package var failure: ExchangeFailure?
    /// The duration of each phase, summed over redirects; phases that were not reached are absent.
    package var phases: [ExchangePhase: Duration] = [:]
    /// The duration of the failed phase, if it was not completed; zero otherwise.
    package var unfinished: Duration = .zero
    /// The result of the last TLS handshake, also if it failed; nil without TLS.
    package var tls: TLSReport?
    /// The remote address of the last connection, such as `127.0.0.1:443`; nil if there was none.
    package var remoteAddress: String?
    /// The address of the first hop; nil if no name was resolved.
    package var address: NetworkAddress?
    /// How long resolving the first hop's name took; nil if it was not resolved.
    package var firstResolve: Duration?
    /// The number of redirects received, including a last one that exceeded the limit.
    package var redirects = 0

    package init() {}

    /// The certificates presented in the last TLS handshake, leaf first; empty without TLS.
    package var chain: [PresentedCertificate] { tls?.chain ?? [] }
    /// The verdict on that chain; nil without TLS, or if the handshake ended before a certificate was received.
    package var verdict: ChainVerdict? { tls?.verdict }
}

/// An HTTP response.
package struct ExchangeResponse: Sendable {
    package var status: Int
    /// The headers of the last response, in the order received.
    package var headers: [HeaderField]
    /// The trailers of a chunked or HTTP/2 body.
    package var trailers: [HeaderField] = []
    /// Decompressed, at most `Bounds.body` bytes; empty if the request does not keep the body.
    package var body: [UInt8]
    /// Number of bytes of the body received, after decompression.
    package var bodyLength: Int
    /// The URL of the response, after redirects.
    package var url: String
    /// `1.0`, `1.1` or `2`.
    package var version: String

    package init(status: Int, headers: [HeaderField], body: [UInt8], bodyLength: Int, url: String, version: String) {
        self.status = status
        self.headers = headers
        self.body = body
        self.bodyLength = bodyLength
        self.url = url
        self.version = version
    }

    /// The `Date` header; nil if it is absent or invalid.
    package var date: Date? { date(of: "Date") }

    /// The date in a header; nil if it is absent or invalid.
    package func date(of name: String) -> Date? {
        guard let text = values(of: name).first else { return nil }
        let seconds = curl_getdate(text, nil)
        return seconds < 0 ? nil : Date(timeIntervalSince1970: TimeInterval(seconds))
    }

    /// All values of a header in the order received; the name is compared ignoring case.
    package func values(of name: String) -> [String] {
        headers.filter { $0.isNamed(name) }.map(\.value)
    }
}

/// The phases of an exchange, as in blackbox_exporter.
package enum ExchangePhase: String, Sendable, Hashable, CaseIterable, Codable {
    case resolve, connect, tls
    /// From sending the request to the first byte of the response.
    case processing
    /// From the first to the last byte of the response.
    case transfer
}

/// Why an exchange ended before its response was complete.
package struct ExchangeFailure: Error, Sendable, Hashable {
    /// What happened; `Outbound` maps each to a reason.
    package enum Kind: String, Sendable, Hashable {
        case nameNotResolved
        case refused
        /// The connection was not established within the deadline.
        case connectTimeout
        case unreachable
        case reset
        /// The deadline passed after the connection was established.
        case timeout
        case handshakeFailed
        /// The peer requires a client certificate and received none, or rejected the one it received.
        case clientCertificateRequired
        /// The chain or the name could not be verified: `ExchangeReport.verdict` says why. No request was sent.
        case certificateRejected
        case bodyTooLarge
        /// The body expands too much when it is decompressed.
        case bodyExpands
        case headersTooLarge
        case tooManyRedirects
        /// The peer does not speak HTTP, or its response is incomplete.
        case protocolViolation
        /// The peer sent endless data that is not part of a response.
        case flood
        /// A server does not offer TLS, or refuses it, in a protocol that begins in clear text.
        case startTLSMissing
        /// A server does not accept user and password, or none of the ways to log in that are configured.
        case loginRefused
        /// A mail server has refused a command.
        case commandRefused
        /// A mail server does not speak its protocol, or says more than is read.
        case notMail
        /// A server does not speak the protocol that precedes TLS.
        case dialogueUnexpected
        /// No Kerberos ticket could be obtained for the server. Says nothing about it.
        case kerberosFailed
        case proxyRefused
        case proxyAuthentication
        /// The caller's task was cancelled.
        case cancelled
        /// The request is invalid: its URL, a header or an option.
        case invalidRequest
        /// A file with trusted roots, a client certificate or its key cannot be used.
        case credentialUnreadable
        /// The request's policy does not allow the address.
        case forbidden
        /// The operating system does not permit it to this process: a socket type, a source address, a socket path.
        case notPermitted
        /// This machine or process lacks a resource: a file descriptor, memory, a local port. Says nothing about the peer.
        case localResources
    }

    package var kind: Kind
    /// The phase in which it happened.
    package var phase: ExchangePhase
    /// One clause for display: `connection to 127.0.0.1:9443 refused`.
    package var sentence: String
    /// The library's error message, if it adds to the sentence; otherwise empty.
    package var detail: String

    package init(kind: Kind, phase: ExchangePhase, sentence: String, detail: String = "") {
        self.kind = kind
        self.phase = phase
        // The texts may contain a URL sent by a peer or quoted by libcurl.
        self.sentence = URLRedaction.sentence(sentence)
        self.detail = URLRedaction.sentence(detail)
    }
}
