import Addresses
import CCurl
import CLinux
import FoundationEssentials
import Glibc
import Synchronization

/// One HTTP request on one libcurl easy handle: its options, the data received by its callbacks, and its ending.
///
/// Created by a caller, then used only by the engine's thread until `finish` passes on the ending.
// Safe because it is never shared: its creator hands it to the engine's thread, and the inbox's lock orders the two.
final class Hop: @unchecked Sendable {
    private let easy: EasyHandle
    private let request: ExchangeRequest
    private let host: URLHost
    private let target: Target
    private let redirects: Int
    private let logins: Logins
    /// Called once with the ending; set before the hop is submitted.
    var completion: (@Sendable (Ending) -> Void)?

    private var turns: EngineTurns?
    private var answer: AnswerReader
    /// What is left of the share in the turn with the number `turn`.
    private var share = 0
    private var turn = -1
    private var isPaused = false
    /// Whether the response was abandoned after its headers: a redirect whose body nobody reads, or an upgrade.
    private var isCutShort = false
    private var connection: TurnWatch.Connection?
    /// Of a hop that logs in by NTLM, all of its connections.
    private var connections: [TurnWatch.Connection] = []
    private var challenges = Challenges()

    /// - Parameter redirects: the number of redirects followed before this hop.
    /// - Returns: nil if the request is invalid.
    init?(
        _ request: ExchangeRequest, host: URLHost, target: Target, verifier: PeerVerifier?, logins: Logins, redirects: Int,
        cookies: [[CChar]], timeout: Duration
    ) {
        guard let easy = EasyHandle(verifier: verifier) else { return nil }
        self.easy = easy
        self.request = request
        self.host = host
        self.target = target
        self.redirects = redirects
        self.logins = logins
        answer = AnswerReader(request)
        guard HeaderField.areSendable(request.headers), request.method.isSendable, ["http", "https"].contains(host.scheme) else {
            return nil
        }
        setOptions(timeout: timeout, cookies: cookies)
    }

    var handle: UnsafeMutableRawPointer { easy.handle }
    private var isTLS: Bool { host.scheme == "https" }

    /// Called by the engine before it adds the handle.
    func begin(_ turns: EngineTurns) {
        self.turns = turns
        easy.opened = { [unowned self, watch = turns.watch] descriptor in
            let opened = watch.opened(descriptor)
            connection = opened
            if !logins.isEmpty { connections.append(opened) }
            return !isLooping
        }
        // Connections may be closed after their transfer, so the callback's object must live as long as the engine.
        agent_set_close_function(handle) { watch, descriptor in
            guard let watch else { return close(descriptor) }
            return Unmanaged<TurnWatch>.fromOpaque(watch).takeUnretainedValue().close(descriptor)
        }
        easy.pointer(CURLOPT_CLOSESOCKETDATA, Unmanaged.passUnretained(turns.watch).toOpaque())
    }

    /// Passes on the ending; called once, after the handle has been removed from the multi handle.
    func finish(_ code: CURLcode) {
        // libcurl keeps a connection whose login is unfinished, for the next transfer with the same account.
        for connection in connections { turns?.watch.shut(connection) }
        let isRefused = code == CURLE_OK && !answer.end()
        var ending = Ending(report: report(isCutShort ? CURLE_OK : isRefused ? CURLE_WRITE_ERROR : code), redirect: redirect)
        if request.keepsCookies { ending.cookies = cookies }
        end(ending)
    }

    /// Passes on an ending with the kind `cancelled` and the phase that was reached.
    func cancelled() {
        for connection in connections { turns?.watch.shut(connection) }
        var report = report(CURLE_OPERATION_TIMEDOUT)
        report.failure?.kind = .cancelled
        end(Ending(report: report))
    }

    private func end(_ ending: Ending) {
        completion?(ending)
        completion = nil
    }

    // MARK: Options

    private func setOptions(timeout: Duration, cookies: [[CChar]]) {
        let this = Unmanaged.passUnretained(self).toOpaque()
        easy.setUp(protocols: "http,https", tls: request.tls)
        easy.setTimeout(timeout)
        text(CURLOPT_URL, request.url)
        long(CURLOPT_PATH_AS_IS, 1)
        setVersion()
        long(CURLOPT_FRESH_CONNECT, 1)
        long(CURLOPT_FORBID_REUSE, 1)
        if request.keepsCookies {
            text(CURLOPT_COOKIEFILE, "")
            for cookie in cookies { agent_set_text(handle, CURLOPT_COOKIELIST, cookie) }
        }
        setMethod()
        setHeaders()
        setTarget()
        setLogins()
        agent_set_data_function(handle, CURLOPT_WRITEFUNCTION) { data, size, count, hop in
            guard let data, let hop else { return 0 }
            return Unmanaged<Hop>.fromOpaque(hop).takeUnretainedValue().receive(data, size * count)
        }
        easy.pointer(CURLOPT_WRITEDATA, this)
        agent_set_data_function(handle, CURLOPT_HEADERFUNCTION) { data, size, count, hop in
            guard let data, let hop else { return 0 }
            return Unmanaged<Hop>.fromOpaque(hop).takeUnretainedValue().receiveHeader(data, size * count)
        }
        easy.pointer(CURLOPT_HEADERDATA, this)
    }

    private func setVersion() {
        // Windows authentication is of a connection, not of a request: there is none in HTTP/2.
        switch request.login == nil ? request.version : .http1_1 {
        case .http1_1: long(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        case .http2: long(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        case .http2Only: long(CURLOPT_HTTP_VERSION, Int(isTLS ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE))
        case .http3Only: long(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_3ONLY))
        }
    }

    private func setMethod() {
        let body = request.body
        switch request.method {
        case .get where body == nil: return long(CURLOPT_HTTPGET, 1)
        // The response has no body, so libcurl must not wait for one.
        case .head: return long(CURLOPT_NOBODY, 1)
        default: text(CURLOPT_CUSTOMREQUEST, request.method.name)
        }
        guard body != nil || ["POST", "PUT", "PATCH"].contains(request.method.name) else { return }
        let bytes = body ?? []
        agent_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
        bytes.withUnsafeBytes { bytes in
            var empty: UInt8 = 0
            withUnsafeMutablePointer(to: &empty) { nothing in
                let start = bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0) } ?? UnsafeMutableRawPointer(nothing)
                _ = agent_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, start)
            }
        }
    }

    private func setHeaders() {
        var fields = request.headers + [ownHost].compactMap(\.self)
        if request.asksForEncodings, let encodings = request.acceptedEncodings, !fields.contains(where: { $0.isNamed("accept-encoding") }) {
            fields.append(HeaderField("Accept-Encoding", encodings))
        }
        // libcurl omits a header given as `Name:` and sends an empty one for `Name;`.
        let omitted = ["Expect", "Content-Type"].filter { name in !fields.contains { $0.isNamed(name) } }
        let sent = fields.map { $0.value.isEmpty ? $0.name + ";" : "\($0.name): \($0.value)" }
        easy.list(CURLOPT_HTTPHEADER, sent + omitted.map { $0 + ":" })
    }

    private func setTarget() {
        switch target {
        case .endpoint(let endpoint):
            // Connects to the address; the URL's name is still used for SNI and Host.
            easy.list(CURLOPT_CONNECT_TO, ["::\(endpoint)"])
        case .unixSocket(let path):
            text(CURLOPT_UNIX_SOCKET_PATH, path)
        case .proxy(let proxy, let endpoint):
            text(CURLOPT_PROXY, proxy.url.text)
            if let endpoint, !isPlainProxied { easy.list(CURLOPT_CONNECT_TO, ["::\(endpoint)"]) }
            if let plain { text(CURLOPT_URL, plain.url) }
            long(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
            long(CURLOPT_HEADEROPT, Int(CURLHEADER_SEPARATE))
            if HeaderField.areSendable(proxy.headers) { easy.list(CURLOPT_PROXYHEADER, proxy.headers.map { "\($0.name): \($0.value)" }) }
        }
    }

    /// NTLM is libcurl's; tickets of Kerberos are headers.
    private func setLogins() {
        if let login = logins.server {
            long(CURLOPT_HTTPAUTH, agent_ntlm())
            text(CURLOPT_USERNAME, login.user)
            text(CURLOPT_PASSWORD, login.password)
        }
        if let login = logins.proxy {
            long(CURLOPT_PROXYAUTH, agent_ntlm())
            text(CURLOPT_PROXYUSERNAME, login.user)
            text(CURLOPT_PROXYPASSWORD, login.password)
        }
    }

    /// For a plain HTTP request through an HTTP proxy, the URL contains the address, and `Host` the name.
    private var plain: (url: String, authority: String)? {
        guard isPlainProxied, let endpoint = target.endpoint else { return nil }
        return URLHost.replacingHost(of: request.url, with: endpoint.address.bracketed)
    }

    private var isPlainProxied: Bool {
        guard !isTLS, case .proxy(let proxy, _) = target else { return false }
        return proxy.url.text.lowercased().hasPrefix("http")
    }

    private var ownHost: HeaderField? {
        guard !request.headers.contains(where: { $0.isNamed("host") }), let plain else { return nil }
        return HeaderField("Host", plain.authority)
    }

    private func long(_ option: CURLoption, _ value: Int) { easy.long(option, value) }
    private func text(_ option: CURLoption, _ value: String) { easy.text(option, value) }

    // MARK: Callbacks, on the engine's thread

    private func receive(_ data: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
        easy.noteTLS()
        if let turns, turn != turns.number {
            turn = turns.number
            share = AnswerReader.share
        }
        guard answer.takeBody(UnsafeRawBufferPointer(start: data, count: count), &share) else { return 0 }
        if share <= 0 { pause() }
        return count
    }

    private func receiveHeader(_ data: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
        easy.noteTLS()
        let hadAllHeaders = answer.hasAllHeaders
        guard answer.takeHeaders(UnsafeRawBufferPointer(start: data, count: count)) else { return 0 }
        guard answer.hasAllHeaders else { return count }
        let status = TransferTimes.status(handle)
        // The data after a switch to another protocol is not HTTP and may never end. libcurl would answer any number of challenges.
        let isUnread = redirect != nil && (willRedirect || !request.keepsBody)
        isCutShort = isUnread || status == 101 || !logins.isEmpty && !hadAllHeaders && challenges.isLast(status)
        return isCutShort ? 0 : count
    }

    /// Stops reading until `resume`. libcurl keeps what it has already read, as one piece.
    private func pause() {
        guard let turns, !isPaused else { return }
        isPaused = true
        curl_easy_pause(handle, CURLPAUSE_RECV)
        turns.waiting.append(self)
    }

    /// Continues after a pause, with the share of another turn.
    /// - Returns: the result code if the transfer ends; nil if it continues or pauses again.
    func resume() -> CURLcode? {
        turn = turns?.number ?? 0
        share = AnswerReader.share
        guard answer.decode(&share) else { return CURLE_WRITE_ERROR }
        if answer.hasMore {
            turns?.waiting.append(self)
            return nil
        }
        isPaused = false
        let code = curl_easy_pause(handle, CURLPAUSE_CONT)
        return code == CURLE_OK ? nil : code
    }

    // MARK: Report

    private func report(_ code: CURLcode) -> ExchangeReport {
        var report = ExchangeReport()
        let times = TransferTimes(handle, tlsBegan: easy.tlsBegan)
        report.phases = times.phases(isTLS: isTLS)
        report.tls = easy.tls
        report.remoteAddress = times.remoteAddress
        answer.takeRest()
        if times.status > 0, !answer.isInterim {
            report.response = ExchangeResponse(
                status: times.status, headers: answer.headers, body: answer.body, bodyLength: answer.bodyLength, url: request.url,
                version: times.version)
            report.response?.trailers = answer.trailers
        }
        if code != CURLE_OK {
            let target = times.remoteAddress ?? targetText
            let reason = FailureReason(
                code: code, systemError: easy.socketError == 0 ? times.systemError : easy.socketError, detail: easy.error,
                refusal: connection?.isCut.load(ordering: .acquiring) == true ? .flood : answer.refusal,
                hasAllHeaders: answer.hasAllHeaders, ofTLS: easy.verifier.flatMap { $0.ownFault ?? $0.failure(with: target) }, times: times,
                phase: times.reached(isTLS: isTLS), target: target, proxied: isProxied)
            report.failure = isLooping ? logins.refusal(by: target) : reason.failure
            if report.failure.map({ report.phases[$0.phase] == nil }) ?? false, let phase = report.failure?.phase {
                report.phases[phase] = times.unfinished
                report.unfinished = times.unfinished
            }
        }
        return report
    }

    /// Whether the server or the proxy closes the connection instead of taking a login.
    private var isLooping: Bool { connections.count > 3 }

    private var isProxied: Bool { if case .proxy = target { true } else { false } }

    /// What the hop connects to, for sentences.
    private var targetText: String {
        switch target {
        case .endpoint(let endpoint): endpoint.description
        case .proxy(let proxy, _): "the proxy \(URLHost(proxy.url.text)?.withPort ?? "")"
        case .unixSocket(let path): path
        }
    }

    /// The redirect, whether or not it is followed; nil if the response is none.
    private var redirect: Redirect? {
        // As in Go, an empty Location is ignored.
        guard [301, 302, 303, 307, 308].contains(TransferTimes.status(handle)), let location = answer.location, !location.isEmpty else {
            return nil
        }
        return Redirect(location, from: request.url)
    }

    /// Whether the current response is a redirect that will be followed.
    private var willRedirect: Bool {
        guard let limit = redirect?.limit(request.redirects, from: request.url) else { return false }
        return redirects < limit
    }

    private var cookies: [[CChar]] {
        var list: UnsafeMutableRawPointer?
        agent_get_pointer(handle, CURLINFO_COOKIELIST, &list)
        guard let list else { return [] }
        let first = list.assumingMemoryBound(to: curl_slist.self)
        defer { curl_slist_free_all(first) }
        return sequence(first: first) { $0.pointee.next }.compactMap { entry in
            entry.pointee.data.map { Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1)) }
        }
    }
}
