import CCurl
import FoundationEssentials

/// One HTTP request on one easy handle: its options, what its callbacks gather, and how it ended.
///
/// Made by a caller, then touched by the engine's thread alone until `finish` hands the report over.
final class Hop: @unchecked Sendable {
    // Unchecked: ownership passes from caller to engine thread when it is submitted, and back with the result; never shared.
    let easy: OpaquePointer
    private let request: ExchangeRequest
    private let url: String
    private let verifier: PeerVerifier
    private let completion: @Sendable (ExchangeReport, _ redirect: String?) -> Void

    private var body: [UInt8] = []
    private var headers: [HeaderField] = []
    private var headerBytes = 0
    private var overrun: ExchangeFailure.Kind?
    private var lists: [UnsafeMutablePointer<curl_slist>] = []
    private var errorText = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
    private var tlsVersion: String?
    private let began = ContinuousClock.now
    /// When the connection stood and the handshake began: libcurl tells it only of handshakes that succeed.
    private var tlsBegan: Duration?

    /// - Returns: nil when libcurl refuses the request.
    init?(
        _ request: ExchangeRequest, url: String, timeout: Duration, completion: @escaping @Sendable (ExchangeReport, String?) -> Void
    ) {
        guard let easy = curl_easy_init(), let host = URLHost(url) else { return nil }
        self.easy = OpaquePointer(easy)
        self.request = request
        self.url = url
        self.completion = completion
        verifier = PeerVerifier(hostname: host.name, request: request)
        setOptions(host: host, timeout: timeout)
    }

    deinit {
        for list in lists { curl_slist_free_all(list) }
        curl_easy_cleanup(handle)
    }

    var handle: UnsafeMutableRawPointer { UnsafeMutableRawPointer(easy) }

    /// Hands the report over; called once, after the handle has left the multi.
    func finish(_ code: CURLcode) { completion(report(code), redirectURL) }

    func cancelled() {
        var report = ExchangeReport()
        report.failure = ExchangeFailure(kind: .cancelled, phase: .connect, sentence: "cancelled")
        completion(report, nil)
    }

    // MARK: Options

    private func setOptions(host: URLHost, timeout: Duration) {
        let this = Unmanaged.passUnretained(self).toOpaque()
        text(CURLOPT_URL, url)
        text(CURLOPT_PROTOCOLS_STR, "http,https")
        // HTTP/1.1: a fresh connection for one request gains nothing from HTTP/2, and servers behind old gateways differ in it.
        long(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        long(CURLOPT_NOSIGNAL, 1)
        // Else libcurl waits for the thread of a look-up that has run out of time, and every other exchange waits with it.
        long(CURLOPT_QUICK_EXIT, 1)
        long(CURLOPT_FRESH_CONNECT, 1)
        long(CURLOPT_FORBID_REUSE, 1)
        long(CURLOPT_SSL_SESSIONID_CACHE, 0)
        long(CURLOPT_DNS_CACHE_TIMEOUT, 0)
        long(CURLOPT_NETRC, 0)
        long(CURLOPT_TIMEOUT_MS, max(1, Int((timeout / .milliseconds(1)).rounded(.up))))
        long(CURLOPT_CONNECTTIMEOUT_MS, max(1, Int((timeout / .milliseconds(1)).rounded(.up))))
        text(CURLOPT_ACCEPT_ENCODING, "gzip, deflate")
        setMethod()
        setHeaders()
        setRoute(host)
        long(CURLOPT_SSL_VERIFYPEER, 1)
        long(CURLOPT_SSL_VERIFYHOST, 0)
        // libcurl would keep the store of the first connection for all others of the multi, whatever store they bring.
        long(CURLOPT_CA_CACHE_TIMEOUT, 0)
        agent_set_text(handle, CURLOPT_CAINFO, nil)
        agent_set_text(handle, CURLOPT_CAPATH, nil)
        long(CURLOPT_SSLVERSION, Self.sslVersion(request.minimumTLS))
        agent_set_ssl_function(handle) { _, context, hop in
            guard let context, let hop else { return CURLE_ABORTED_BY_CALLBACK }
            Unmanaged<Hop>.fromOpaque(hop).takeUnretainedValue().beginTLS(OpaquePointer(context))
            return CURLE_OK
        }
        agent_set_pointer(handle, CURLOPT_SSL_CTX_DATA, this)
        agent_set_data_function(handle, CURLOPT_WRITEFUNCTION) { data, size, count, hop in
            guard let data, let hop else { return 0 }
            return Unmanaged<Hop>.fromOpaque(hop).takeUnretainedValue().receive(data, size * count)
        }
        agent_set_pointer(handle, CURLOPT_WRITEDATA, this)
        agent_set_data_function(handle, CURLOPT_HEADERFUNCTION) { data, size, count, hop in
            guard let data, let hop else { return 0 }
            return Unmanaged<Hop>.fromOpaque(hop).takeUnretainedValue().receiveHeader(data, size * count)
        }
        agent_set_pointer(handle, CURLOPT_HEADERDATA, this)
        agent_set_pointer(handle, CURLOPT_PRIVATE, this)
        errorText.withUnsafeMutableBufferPointer { _ = agent_set_pointer(handle, CURLOPT_ERRORBUFFER, $0.baseAddress) }
    }

    private func setMethod() {
        switch request.method {
        case .get: long(CURLOPT_HTTPGET, 1)
        case .post, .put, .delete:
            text(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
            guard request.body != nil || request.method == .post else { return }
            let body = request.body ?? []
            agent_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
            body.withUnsafeBytes { bytes in
                var empty: UInt8 = 0
                withUnsafeMutablePointer(to: &empty) { nothing in
                    let start = bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0) } ?? UnsafeMutableRawPointer(nothing)
                    _ = agent_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, start)
                }
            }
        }
    }

    private func setHeaders() {
        var fields = request.headers
        for name in ["Expect", "Content-Type"] where !fields.contains(where: { $0.name.lowercased() == name.lowercased() }) {
            fields.append(HeaderField(name, ""))
        }
        // libcurl reads `Name:` as "leave it out" and `Name;` as "send it empty".
        list(
            CURLOPT_HTTPHEADER,
            fields.map { field in
                let isOmitted = field.value.isEmpty && ["Expect", "Content-Type"].contains(field.name)
                return field.value.isEmpty ? field.name + (isOmitted ? ":" : ";") : "\(field.name): \(field.value)"
            })
    }

    private func setRoute(_ host: URLHost) {
        // An empty proxy keeps libcurl from looking into the environment.
        text(CURLOPT_PROXY, request.proxy?.url ?? "")
        text(CURLOPT_NOPROXY, request.proxy?.noProxy.joined(separator: ",") ?? "")
        if let socket = request.unixSocket { text(CURLOPT_UNIX_SOCKET_PATH, socket) }
        if let target = request.address ?? request.connectTo[host.withPort] {
            list(CURLOPT_CONNECT_TO, ["::" + target])
        }
    }

    private func long(_ option: CURLoption, _ value: Int) { agent_set_long(handle, option, value) }
    private func text(_ option: CURLoption, _ value: String) { agent_set_text(handle, option, value) }

    private func list(_ option: CURLoption, _ values: [String]) {
        var list: UnsafeMutablePointer<curl_slist>?
        for value in values { list = curl_slist_append(list, value) }
        guard let list else { return }
        lists.append(list)
        agent_set_pointer(handle, option, list)
    }

    private static func sslVersion(_ version: TLSVersion) -> Int {
        switch version {
        case .v1_0: Int(CURL_SSLVERSION_TLSv1_0)
        case .v1_1: Int(CURL_SSLVERSION_TLSv1_1)
        case .v1_2: Int(CURL_SSLVERSION_TLSv1_2)
        case .v1_3: Int(CURL_SSLVERSION_TLSv1_3)
        }
    }

    // MARK: Callbacks, on the engine's thread

    private func receive(_ data: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
        noteTLS()
        guard body.count + count <= request.bounds.body else {
            overrun = .bodyTooLarge
            return 0
        }
        body.append(contentsOf: UnsafeRawBufferPointer(start: data, count: count))
        return count
    }

    private func receiveHeader(_ data: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
        noteTLS()
        headerBytes += count
        guard headerBytes <= request.bounds.headers else {
            overrun = .headersTooLarge
            return 0
        }
        let line = String(decoding: UnsafeRawBufferPointer(start: data, count: count), as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // A new header block: of the final answer after a 1xx one, or after the proxy's.
            headers = []
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...]
            headers.append(HeaderField(String(line[..<colon]), value.trimmed))
        }
        return count
    }

    private func beginTLS(_ context: OpaquePointer) {
        tlsBegan = ContinuousClock.now - began
        verifier.attach(to: context)
    }

    private func noteTLS() {
        if tlsVersion == nil, let ssl = agent_get_ssl(handle) { tlsVersion = String(cString: SSL_get_version(ssl)) }
    }

    // MARK: Report

    private func report(_ code: CURLcode) -> ExchangeReport {
        var report = ExchangeReport()
        let times = HopTimes(handle, tlsBegan: tlsBegan)
        report.phases = times.phases(isTLS: url.lowercased().hasPrefix("https:"))
        report.chain = verifier.chain
        report.verdict = verifier.verdict
        report.tlsVersion = tlsVersion
        report.remoteAddress = times.remoteAddress
        let status = times.status
        if status > 0 {
            report.response = ExchangeResponse(status: status, headers: headers, body: body, url: url)
        }
        if code != CURLE_OK {
            let reason = FailureReason(
                code: code, systemError: times.systemError,
                detail: String(decoding: errorText.map { UInt8(bitPattern: $0) }.prefix { $0 != 0 }, as: UTF8.self),
                overrun: overrun, verdict: verifier.verdict, times: times, isTLS: url.lowercased().hasPrefix("https:"),
                target: times.remoteAddress ?? target, proxied: request.proxy != nil)
            report.failure = reason.failure
            if report.failure.map({ report.phases[$0.phase] == nil }) ?? false, let phase = report.failure?.phase {
                report.phases[phase] = times.unfinished
            }
        }
        return report
    }

    /// Where the connection was to go: what `address` or `connectTo` say, else the URL's own host.
    private var target: String {
        let host = URLHost(url)?.withPort ?? url
        return request.unixSocket ?? request.address ?? request.connectTo[host] ?? host
    }

    private var redirectURL: String? {
        var location: UnsafeMutablePointer<CChar>?
        agent_get_text(handle, CURLINFO_REDIRECT_URL, &location)
        return location.map { String(cString: $0) }
    }
}

extension Substring {
    fileprivate var trimmed: String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r\n" || $0 == "\n" || $0 == "\r" }
        guard let start = firstIndex(where: { !isSpace($0) }), let end = lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(self[start...end])
    }
}
