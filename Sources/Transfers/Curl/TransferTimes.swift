import Addresses
import CCurl

/// libcurl's timings of a transfer, from its start; a phase that was not reached is zero.
struct TransferTimes {
    let resolved: Duration
    let connected: Duration
    let handshaken: Duration
    let requestSent: Duration
    let firstByte: Duration
    let total: Duration
    let status: Int
    /// `1.1`, `2`; empty without a response.
    let version: String
    /// `errno` of the last failed connection, 0 if none.
    let systemError: Int32
    let remoteAddress: String?

    init(_ easy: UnsafeMutableRawPointer, tlsBegan: Duration?) {
        resolved = Self.time(easy, CURLINFO_NAMELOOKUP_TIME_T)
        let connect = Self.time(easy, CURLINFO_CONNECT_TIME_T)
        connected = connect > .zero ? connect : max(tlsBegan ?? .zero, tlsBegan == nil ? .zero : resolved)
        handshaken = Self.time(easy, CURLINFO_APPCONNECT_TIME_T)
        requestSent = Self.time(easy, CURLINFO_PRETRANSFER_TIME_T)
        firstByte = Self.time(easy, CURLINFO_STARTTRANSFER_TIME_T)
        total = Self.time(easy, CURLINFO_TOTAL_TIME_T)
        var number = 0
        status = Self.status(easy)
        agent_get_long(easy, CURLINFO_HTTP_VERSION, &number)
        version =
            [
                Int(CURL_HTTP_VERSION_1_0): "1.0", Int(CURL_HTTP_VERSION_1_1): "1.1", Int(CURL_HTTP_VERSION_2_0): "2",
                Int(CURL_HTTP_VERSION_3): "3",
            ][number] ?? ""
        agent_get_long(easy, CURLINFO_OS_ERRNO, &number)
        systemError = Int32(truncatingIfNeeded: number)
        var address: UnsafeMutablePointer<CChar>?
        agent_get_text(easy, CURLINFO_PRIMARY_IP, &address)
        agent_get_long(easy, CURLINFO_PRIMARY_PORT, &number)
        let text = address.map { String(cString: $0) } ?? ""
        remoteAddress = text.isEmpty ? nil : HostPort(host: text, port: UInt16(truncatingIfNeeded: number)).description
    }

    /// The status of the current response; 0 without one.
    static func status(_ easy: UnsafeMutableRawPointer) -> Int {
        var status = 0
        agent_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
        return status
    }

    /// The phase in which a failed transfer ended.
    func reached(isTLS: Bool) -> ExchangePhase {
        if resolved == .zero { return .resolve }
        if connected == .zero { return .connect }
        if isTLS, handshaken == .zero { return .tls }
        return firstByte == .zero ? .processing : .transfer
    }

    /// The duration of each completed phase.
    func phases(isTLS: Bool) -> [ExchangePhase: Duration] {
        var phases: [ExchangePhase: Duration] = [:]
        guard resolved > .zero else { return phases }
        phases[.resolve] = resolved
        guard connected > .zero else { return phases }
        phases[.connect] = max(.zero, connected - resolved)
        if isTLS {
            guard handshaken > .zero else { return phases }
            phases[.tls] = max(.zero, handshaken - connected)
        }
        guard firstByte > .zero else { return phases }
        phases[.processing] = max(.zero, firstByte - requestSent)
        phases[.transfer] = max(.zero, total - firstByte)
        return phases
    }

    /// The time since the end of the last completed phase.
    var unfinished: Duration { total - max(resolved, connected, handshaken, firstByte) }

    private static func time(_ easy: UnsafeMutableRawPointer, _ info: CURLINFO) -> Duration {
        var microseconds: curl_off_t = 0
        agent_get_offset(easy, info, &microseconds)
        return .microseconds(Int64(microseconds))
    }
}
