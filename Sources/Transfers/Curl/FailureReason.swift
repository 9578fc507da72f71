import CCurl
import Glibc

/// Converts libcurl's result code, the system error and the phase reached to a failure.
struct FailureReason {
    let code: CURLcode
    let systemError: Int32
    /// libcurl's error message.
    let detail: String
    let refusal: AnswerReader.Refusal?
    let hasAllHeaders: Bool
    /// The failure derived from TLS: a local problem, the verdict on the certificate, or an alert from the peer; nil if there is none.
    let ofTLS: ExchangeFailure?
    let times: TransferTimes
    let phase: ExchangePhase
    /// The address that was tried, for sentences.
    let target: String
    let proxied: Bool
    var protocolName = "HTTP"

    var failure: ExchangeFailure {
        if let refusal { return Self.failure(refusal) }
        if let lack = SystemFailure(systemError).lack(in: phase, peer: target) ?? resolverLack { return lack }
        if let ofTLS { return ofTLS }
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            return ExchangeFailure(kind: .nameNotResolved, phase: .resolve, sentence: "the name does not resolve", detail: detail)
        case CURLE_COULDNT_CONNECT: return connectFailure
        case CURLE_OPERATION_TIMEDOUT: return Self.timeout(phase, target)
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_FUNCTION_ARGUMENT:
            // A response that is not HTTP is "unsupported" too: the code is about the URL only if there was no connection.
            guard times.connected == .zero else { break }
            return ExchangeFailure(kind: .invalidRequest, phase: .resolve, sentence: "the URL is invalid", detail: detail)
        case CURLE_OUT_OF_MEMORY, CURLcode(rawValue: Self.tooLarge):
            // libcurl before 8.6 reports a header line that is too long as out of memory.
            guard times.firstByte > .zero, !hasAllHeaders else { break }
            return Self.libraryBound
        case CURLE_RECV_ERROR where Self.exceedsLibrary(detail): return Self.libraryBound
        default: break
        }
        if proxied, let proxy = proxyFailure { return proxy }
        if systemError == ECONNRESET || systemError == EPIPE || detail.contains("reset by peer")
            || (code == CURLE_SSL_CONNECT_ERROR && detail.contains("SSL_ERROR_SYSCALL"))
        {
            return ExchangeFailure(
                kind: .reset, phase: phase, sentence: "the connection to \(target) was closed unexpectedly", detail: detail)
        }
        if phase == .tls {
            return ExchangeFailure(
                kind: .handshakeFailed, phase: .tls, sentence: TLSSession.handshakeSentence(peer: target, detail: detail), detail: detail)
        }
        return ExchangeFailure(
            kind: .protocolViolation, phase: phase, sentence: "invalid or incomplete \(protocolName) response from \(target)",
            detail: detail)
    }

    /// `CURLE_TOO_LARGE`, since 8.6.
    private static let tooLarge: UInt32 = 100

    /// Whether an error is that libcurl has read more lines than it accepts.
    static func exceedsLibrary(_ detail: String) -> Bool { detail.hasPrefix("Too large response headers") }

    private static let libraryBound = ExchangeFailure(
        kind: .headersTooLarge, phase: .transfer,
        sentence: "the response headers exceed the limits of libcurl: 100 KB for one header, 300 KB in total")

    private static func failure(_ refusal: AnswerReader.Refusal) -> ExchangeFailure {
        let (kind, sentence): (ExchangeFailure.Kind, String) =
            switch refusal {
            case .headersTooLarge: (.headersTooLarge, "the response headers exceed the maximum size or number")
            case .bodyTooLarge: (.bodyTooLarge, "the response body exceeds the maximum size")
            case .bodyExpands: (.bodyExpands, "the response body becomes more than 1000 times as large when it is decompressed")
            case .undecodable(let clause): (.protocolViolation, clause)
            case .flood: (.flood, "the peer sends endless data that is not part of a response")
            }
        return ExchangeFailure(kind: kind, phase: .transfer, sentence: sentence)
    }

    /// The name of a proxy is resolved by the system's resolver, which does not report missing resources.
    private var resolverLack: ExchangeFailure? {
        guard code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_COULDNT_RESOLVE_HOST else { return nil }
        return Descriptor.lack(in: .resolve)
    }

    private var connectFailure: ExchangeFailure {
        switch systemError {
        case ECONNREFUSED:
            return ExchangeFailure(kind: .refused, phase: .connect, sentence: "connection to \(target) refused")
        case ECONNRESET:
            return ExchangeFailure(kind: .reset, phase: .connect, sentence: "the connection to \(target) was closed unexpectedly")
        case ENETUNREACH, EHOSTUNREACH, EACCES, EPERM:
            return ExchangeFailure(kind: .unreachable, phase: .connect, sentence: "\(target) is unreachable", detail: detail)
        case ETIMEDOUT:
            return ExchangeFailure(kind: .connectTimeout, phase: .connect, sentence: "connection to \(target) timed out")
        default:
            return ExchangeFailure(kind: .refused, phase: .connect, sentence: "cannot connect to \(target)", detail: detail)
        }
    }

    /// - Parameter kind: nil for the one that the end of the time has in this phase.
    static func timeout(_ phase: ExchangePhase, _ target: String, kind: ExchangeFailure.Kind? = nil) -> ExchangeFailure {
        let (own, sentence): (ExchangeFailure.Kind, String) =
            switch phase {
            case .resolve: (.nameNotResolved, "the DNS resolver did not respond in time")
            case .connect: (.connectTimeout, "connection to \(target) timed out")
            case .tls: (.timeout, "the TLS handshake with \(target) timed out")
            case .processing: (.timeout, "\(target) did not respond to the request in time")
            case .transfer: (.timeout, "the response of \(target) was not complete in time")
            }
        return ExchangeFailure(kind: kind ?? own, phase: phase, sentence: sentence)
    }

    private var proxyFailure: ExchangeFailure? {
        if detail.contains("407") {
            return ExchangeFailure(kind: .proxyAuthentication, phase: .connect, sentence: "the proxy requires authentication")
        }
        guard code == CURLE_RECV_ERROR || code == CURLE_PROXY, times.handshaken == .zero else { return nil }
        return ExchangeFailure(kind: .proxyRefused, phase: .connect, sentence: "the proxy refused the connection", detail: detail)
    }
}
