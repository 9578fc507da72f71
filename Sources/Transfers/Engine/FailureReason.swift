import CCurl
import Glibc

/// Turns libcurl's code, the system's error and the phase reached into one of our failures.
struct FailureReason {
    let code: CURLcode
    let systemError: Int32
    /// libcurl's own sentence.
    let detail: String
    let refusal: AnswerReader.Refusal?
    let hasAllHeaders: Bool
    /// What TLS itself says of it: our own fault, the verdict on the certificate, or an alert of the peer's.
    let ofTLS: ExchangeFailure?
    let times: HopTimes
    let isTLS: Bool
    /// The address tried, for sentences.
    let target: String
    let proxied: Bool

    var failure: ExchangeFailure {
        let phase = times.reached(isTLS: isTLS)
        if let refusal { return Self.failure(refusal) }
        if let lack = SystemFailure(systemError).lack(in: phase, peer: target) ?? resolverLack { return lack }
        if let ofTLS { return ofTLS }
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            return ExchangeFailure(kind: .nameNotResolved, phase: .resolve, sentence: "the name does not resolve", detail: detail)
        case CURLE_COULDNT_CONNECT: return connectFailure
        case CURLE_OPERATION_TIMEDOUT: return timeout(phase)
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_FUNCTION_ARGUMENT:
            // An answer that is not HTTP is "unsupported" too: only before a connection does it mean the URL.
            guard times.connected == .zero else { break }
            return ExchangeFailure(kind: .invalidRequest, phase: .resolve, sentence: "the URL cannot be used", detail: detail)
        case CURLE_OUT_OF_MEMORY, CURLcode(rawValue: Self.tooLarge):
            // Of a header line over its bound, libcurl before 8.6 says that memory ran out.
            guard times.firstByte > .zero, !hasAllHeaders else { break }
            return Self.libraryBound
        case CURLE_RECV_ERROR where detail.hasPrefix("Too large response headers"): return Self.libraryBound
        default: break
        }
        if proxied, let proxy = proxyFailure { return proxy }
        if systemError == ECONNRESET || systemError == EPIPE || detail.contains("reset by peer")
            || (code == CURLE_SSL_CONNECT_ERROR && detail.contains("SSL_ERROR_SYSCALL"))
        {
            return ExchangeFailure(kind: .reset, phase: phase, sentence: "the connection to \(target) was cut", detail: detail)
        }
        if phase == .tls {
            return ExchangeFailure(kind: .handshakeFailed, phase: .tls, sentence: "no TLS session with \(target)", detail: detail)
        }
        return ExchangeFailure(kind: .protocolViolation, phase: phase, sentence: "no whole HTTP answer from \(target)", detail: detail)
    }

    /// `CURLE_TOO_LARGE`, since 8.6.
    private static let tooLarge: UInt32 = 100

    private static let libraryBound = ExchangeFailure(
        kind: .headersTooLarge, phase: .transfer,
        sentence: "the answer's headers are larger than libcurl accepts: 100 KB for one of them, 300 KB for all")

    private static func failure(_ refusal: AnswerReader.Refusal) -> ExchangeFailure {
        let (kind, sentence): (ExchangeFailure.Kind, String) =
            switch refusal {
            case .headersTooLarge: (.headersTooLarge, "the answer's headers are larger than accepted")
            case .bodyTooLarge: (.bodyTooLarge, "the answer's body is larger than accepted")
            case .bodyExpands: (.bodyExpands, "the answer's body becomes more than a thousand times as large when it is decompressed")
            case .undecodable(let clause): (.protocolViolation, clause)
            case .flood: (.flood, "the peer sends without end what is no part of an answer")
            }
        return ExchangeFailure(kind: kind, phase: .transfer, sentence: sentence)
    }

    /// The name of a proxy is looked up by the system's own resolver, which does not say what it lacks.
    private var resolverLack: ExchangeFailure? {
        guard code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_COULDNT_RESOLVE_HOST else { return nil }
        return Descriptor.lack(in: .resolve)
    }

    private var connectFailure: ExchangeFailure {
        switch systemError {
        case ECONNREFUSED:
            return ExchangeFailure(kind: .refused, phase: .connect, sentence: "connection to \(target) refused")
        case ECONNRESET:
            return ExchangeFailure(kind: .reset, phase: .connect, sentence: "the connection to \(target) was cut")
        case ENETUNREACH, EHOSTUNREACH, EACCES, EPERM:
            return ExchangeFailure(kind: .unreachable, phase: .connect, sentence: "\(target) cannot be reached", detail: detail)
        case ETIMEDOUT:
            return ExchangeFailure(kind: .connectTimeout, phase: .connect, sentence: "no answer from \(target) to the connection attempt")
        default:
            return ExchangeFailure(kind: .refused, phase: .connect, sentence: "cannot connect to \(target)", detail: detail)
        }
    }

    private func timeout(_ phase: ExchangePhase) -> ExchangeFailure {
        switch phase {
        case .resolve: ExchangeFailure(kind: .nameNotResolved, phase: .resolve, sentence: "the resolver did not answer in time")
        case .connect:
            ExchangeFailure(kind: .connectTimeout, phase: .connect, sentence: "no answer from \(target) to the connection attempt")
        case .tls: ExchangeFailure(kind: .timeout, phase: .tls, sentence: "\(target) accepted the connection and then said nothing")
        case .processing: ExchangeFailure(kind: .timeout, phase: .processing, sentence: "\(target) did not answer the request in time")
        case .transfer: ExchangeFailure(kind: .timeout, phase: .transfer, sentence: "the answer of \(target) did not end in time")
        }
    }

    private var proxyFailure: ExchangeFailure? {
        if detail.contains("407") {
            return ExchangeFailure(kind: .proxyAuthentication, phase: .connect, sentence: "the proxy demands a login")
        }
        guard code == CURLE_RECV_ERROR || code == CURLE_PROXY, times.handshaken == .zero else { return nil }
        return ExchangeFailure(kind: .proxyRefused, phase: .connect, sentence: "the proxy refused the connection", detail: detail)
    }
}
