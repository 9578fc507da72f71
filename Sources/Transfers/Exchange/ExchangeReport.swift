package import Addresses
import CCurl
package import FoundationEssentials

/// All that one exchange saw. It exists for every exchange, also one that failed; nothing throws.
package struct ExchangeReport: Sendable {
    /// The last response whose status line arrived, also when its body was then cut off; nil if none did.
    package var response: ExchangeResponse?
    /// Why the exchange did not complete; nil when a whole response within bounds arrived.
    package var failure: ExchangeFailure?
    /// Time spent in each phase, summed over redirects; phases never entered are absent.
    package var phases: [ExchangePhase: Duration] = [:]
    /// How much of the failure's phase passed without its coming to an end; zero where nothing failed.
    package var unfinished: Duration = .zero
    /// What the last TLS handshake showed, also when it failed; nil without TLS.
    package var tls: TLSReport?
    /// `127.0.0.1:443` of the last connection made; nil if none was.
    package var remoteAddress: String?
    /// The address the first hop was made to; nil where none was looked up.
    package var address: NetworkAddress?
    /// How long the first hop's name took to look up.
    package var firstResolve: Duration?
    /// How many redirects were met; one more than followed where there were too many.
    package var redirects = 0

    package init() {}

    /// What the peer presented in the last TLS handshake, leaf first; empty without TLS.
    package var chain: [PresentedCertificate] { tls?.chain ?? [] }
    /// The verdict on that chain; nil without TLS or when the handshake ended before a certificate came.
    package var verdict: ChainVerdict? { tls?.verdict }
}

package struct ExchangeResponse: Sendable {
    package var status: Int
    /// In the order received, last response only.
    package var headers: [HeaderField]
    /// After the headers of a chunked or HTTP/2 body came its trailers.
    package var trailers: [HeaderField] = []
    /// Decompressed, at most `Bounds.body` bytes; empty where the request keeps none.
    package var body: [UInt8]
    /// Bytes of the body that arrived, decompressed.
    package var bodyLength: Int
    /// Where the response came from, after redirects.
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

    /// What the `Date` header says; nil where there is none that can be read.
    package var date: Date? { date(of: "Date") }

    /// What a header that bears a date says; nil where there is none that can be read.
    package func date(of name: String) -> Date? {
        guard let text = values(of: name).first else { return nil }
        let seconds = curl_getdate(text, nil)
        return seconds < 0 ? nil : Date(timeIntervalSince1970: TimeInterval(seconds))
    }

    /// All values of a header, in order; the name is compared ignoring case.
    package func values(of name: String) -> [String] {
        headers.filter { $0.isNamed(name) }.map(\.value)
    }
}

/// The phases that blackbox_exporter also names.
package enum ExchangePhase: String, Sendable, Hashable, CaseIterable, Codable {
    case resolve, connect, tls
    /// From the request being sent to the first byte of the answer.
    case processing
    /// From the first byte of the answer to its last.
    case transfer
}

/// Why an exchange ended before its answer was complete.
package struct ExchangeFailure: Error, Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable {
        case nameNotResolved
        case refused
        /// No answer to the connection attempt within the deadline.
        case connectTimeout
        case unreachable
        case reset
        /// The deadline passed after the connection stood.
        case timeout
        case handshakeFailed
        /// The peer asked for a client certificate and got none, or refused the one it got.
        case clientCertificateRequired
        /// The chain or name did not verify: `ExchangeReport.verdict` says why. No request was sent.
        case certificateRejected
        case bodyTooLarge
        /// Decompression makes far more of the body than was sent.
        case bodyExpands
        case headersTooLarge
        case tooManyRedirects
        /// The peer spoke something that is not HTTP, or ended in the middle of an answer.
        case protocolViolation
        /// What is no part of an answer came without end.
        case flood
        case proxyRefused
        case proxyAuthentication
        /// The caller's task was cancelled.
        case cancelled
        /// The request itself cannot be made: a bad URL, header or option.
        case invalidRequest
        /// A file of ours cannot be used: trusted roots, a client certificate or its key.
        case credentialUnreadable
        /// The address may not be dialled, by the request's policy.
        case forbidden
        /// This machine or process lacks what the exchange needs: a file descriptor, memory, a local port. It says nothing of the peer.
        case localResources
    }

    package var kind: Kind
    /// The phase in which it happened.
    package var phase: ExchangePhase
    /// One clause for people: `connection to 127.0.0.1:9443 refused`.
    package var sentence: String
    /// The library's own words, where they add something; else empty.
    package var detail: String

    package init(kind: Kind, phase: ExchangePhase, sentence: String, detail: String = "") {
        self.kind = kind
        self.phase = phase
        // A URL in it may be one that a peer sent, or that libcurl quotes.
        self.sentence = URLRedaction.sentence(sentence)
        self.detail = URLRedaction.sentence(detail)
    }
}
