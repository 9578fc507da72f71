import Addresses
import CCurl
import Concurrency
import Glibc

/// A session with a mail server: commands that share one connection, which the first one opens.
///
/// One command at a time. Each runs on a thread of its own and not on that of HTTP exchanges, because libcurl waits for the server when it
/// closes a connection. The session ends when it is released; a task that is cancelled ends it at once.
// Safe because one command at a time uses it; `socket`, which a cancelled task reaches too, is thread-safe.
package final class MailSession: @unchecked Sendable {
    private let server: MailServer
    /// Once a connection was made, only the one that it was made to.
    private var addresses: [NetworkAddress]
    private let port: UInt16
    private let resolving: Duration
    private let deadline: ContinuousClock.Instant
    private let easy: EasyHandle
    private let socket = MailSocket()
    private var incoming = MailAnswer()
    private var outgoing: ArraySlice<UInt8> = []
    private var isLoggedIn = false

    /// How long to wait for one reply: Exchange may hold back the one to a message for half a minute.
    private static let patience: Duration = .seconds(40)

    /// - Throws: `credentialUnreadable` if a file of trusted roots cannot be used, `localResources`.
    init(
        _ server: MailServer, addresses: [NetworkAddress], port: UInt16, resolving: Duration, trustStores: TrustStores,
        until deadline: ContinuousClock.Instant
    ) throws(ExchangeFailure) {
        let verifier =
            server.security == .none
            ? nil : PeerVerifier(host: server.host, settings: server.tls, trust: try server.tls.trustStore(of: trustStores))
        guard let easy = EasyHandle(verifier: verifier) else { throw SystemFailure(ENOMEM).opening("connection") }
        self.server = server
        self.addresses = addresses
        self.port = port
        self.resolving = resolving
        self.deadline = deadline
        self.easy = easy
        setUp()
    }

    deinit {
        let farewell = Farewell(easy, socket, server.service == .smtp ? "QUIT" : "LOGOUT")
        if BackgroundThread.start("mail", { farewell.say() }) != 0 { farewell.leave() }
    }

    /// Connects and logs in, unless that has been done.
    package func logIn() async -> MailReport {
        guard !isLoggedIn else { return MailReport() }
        var report = await command("NOOP", path: "")
        if report.failure == nil, server.service == .smtp, server.login != nil, !incoming.offersLogin {
            // libcurl then goes on as nobody.
            report.failure = noLogin(report.remoteAddress ?? server.host)
        }
        isLoggedIn = report.failure == nil
        if isLoggedIn { socket.keepOnly() }
        return report
    }

    /// Submits a message by SMTP.
    /// - Parameter message: header and body, with line ends of CR LF.
    package func submit(_ message: [UInt8], from sender: String, to recipient: String) async -> MailReport {
        await afterLogin {
            await self.perform { [self] in
                easy.text(CURLOPT_URL, url(""))
                agent_set_text(easy.handle, CURLOPT_CUSTOMREQUEST, nil)
                easy.text(CURLOPT_MAIL_FROM, "<\(sender)>")
                easy.list(CURLOPT_MAIL_RCPT, ["<\(recipient)>"])
                easy.long(CURLOPT_UPLOAD, 1)
                agent_set_offset(easy.handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(message.count))
                outgoing = message[...]
            }
        }
    }

    /// Sends an IMAP command, such as `UID SEARCH UNSEEN`, with the mailbox selected.
    package func command(_ text: String, in mailbox: String) async -> MailReport {
        await afterLogin { await self.command(text, path: mailbox) }
    }

    /// Logs in by itself, because libcurl reports a mailbox that cannot be selected as a login that is refused.
    private func afterLogin(_ command: () async -> MailReport) async -> MailReport {
        let login = await logIn()
        guard login.failure == nil else { return login }
        var report = await command()
        if report.phases.isEmpty { (report.phases, report.tls, report.remoteAddress) = (login.phases, login.tls, login.remoteAddress) }
        report.duration += login.duration
        return report
    }

    private func command(_ text: String, path: String) async -> MailReport {
        await perform { [self] in
            easy.text(CURLOPT_URL, url(easy.escaped(path)))
            // libcurl decodes it.
            easy.text(CURLOPT_CUSTOMREQUEST, text.replacing("%", with: "%25"))
        }
    }

    private func url(_ path: String) -> String {
        let scheme = server.service.rawValue + (server.security == .implicit ? "s" : "")
        return "\(scheme)://\(HostPort(host: server.host, port: server.port))/\(path)"
    }

    private func setUp() {
        let this = Unmanaged.passUnretained(self).toOpaque()
        easy.setUp(protocols: "smtp,smtps,imap,imaps", tls: server.tls)
        easy.long(CURLOPT_BUFFERSIZE, MailAnswer.bufferSize)
        easy.opened = { [socket] in socket.opened($0) }
        agent_set_close_function(easy.handle) { socket, descriptor in
            guard let socket else { return close(descriptor) }
            return Unmanaged<MailSocket>.fromOpaque(socket).takeUnretainedValue().close(descriptor)
        }
        easy.pointer(CURLOPT_CLOSESOCKETDATA, Unmanaged.passUnretained(socket).toOpaque())
        if server.security == .startTLS { easy.long(CURLOPT_USE_SSL, agent_tls_required()) }
        if let login = server.login {
            easy.text(CURLOPT_USERNAME, login.user)
            easy.text(CURLOPT_PASSWORD, login.password)
            // Otherwise libcurl prefers Kerberos and NTLM where a server offers them, and does not try others when they fail.
            easy.text(CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN")
        }
        agent_set_data_function(easy.handle, CURLOPT_WRITEFUNCTION) { data, size, count, session in
            guard let data, let session else { return 0 }
            return Unmanaged<MailSession>.fromOpaque(session).takeUnretainedValue().receive(data, size * count)
        }
        easy.pointer(CURLOPT_WRITEDATA, this)
        agent_set_data_function(easy.handle, CURLOPT_HEADERFUNCTION) { data, size, count, session in
            guard let data, let session else { return 0 }
            return Unmanaged<MailSession>.fromOpaque(session).takeUnretainedValue().receiveReply(data, size * count)
        }
        easy.pointer(CURLOPT_HEADERDATA, this)
        agent_set_data_function(easy.handle, CURLOPT_READFUNCTION) { buffer, size, count, session in
            guard let buffer, let session else { return 0 }
            return Unmanaged<MailSession>.fromOpaque(session).takeUnretainedValue().send(into: buffer, size * count)
        }
        easy.pointer(CURLOPT_READDATA, this)
    }

    // MARK: Commands

    private func perform(_ prepare: @escaping @Sendable () -> Void) async -> MailReport {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let code = BackgroundThread.start("mail") { continuation.resume(returning: self.performNow(prepare)) }
                if code != 0 {
                    var report = MailReport()
                    report.failure = SystemFailure(code == EAGAIN ? ENOMEM : code).opening("connection")
                    continuation.resume(returning: report)
                }
            }
        } onCancel: {
            socket.cut()
        }
    }

    /// On a thread of the command.
    private func performNow(_ prepare: () -> Void) -> MailReport {
        var report = MailReport()
        for (index, address) in addresses.enumerated() {
            prepare()
            let endpoint = Endpoint(address, port: port)
            easy.list(CURLOPT_CONNECT_TO, ["::\(endpoint)"])
            let left = max(.milliseconds(1), ContinuousClock.now.duration(to: deadline))
            easy.setTimeout(Transfers.share(of: left, addressesLeft: addresses.count - index))
            easy.long(CURLOPT_SERVER_RESPONSE_TIMEOUT, max(1, Int(min(left, Self.patience).components.seconds)))
            report = perform(with: endpoint)
            guard report.failure?.phase == .connect, !socket.isCut else {
                addresses = [address]
                break
            }
        }
        return report
    }

    private func perform(with endpoint: Endpoint) -> MailReport {
        incoming = MailAnswer()
        let began = ContinuousClock.now
        let code = curl_easy_perform(easy.handle)
        var report = MailReport()
        report.duration = ContinuousClock.now - began
        let times = TransferTimes(easy.handle, tlsBegan: easy.tlsBegan)
        if code == CURLE_OK { report.lines = incoming.lines } else { report.failure = failure(code, times, endpoint) }
        guard opensConnection || report.failure?.phase == .connect else { return report }
        report.remoteAddress = times.remoteAddress
        report.phases = phases(times, report)
        report.duration -= (report.phases[.connect] ?? .zero) + (report.phases[.tls] ?? .zero)
        report.tls = easy.tls
        return report
    }

    /// Whether the last command has opened a connection.
    private var opensConnection: Bool {
        var count = 0
        agent_get_long(easy.handle, CURLINFO_NUM_CONNECTS, &count)
        return count > 0
    }

    private func phases(_ times: TransferTimes, _ report: MailReport) -> [ExchangePhase: Duration] {
        var phases: [ExchangePhase: Duration] = [.resolve: resolving]
        let isConnected = report.failure?.phase != .connect
        phases[.connect] = isConnected ? max(.zero, times.connected - times.resolved) : report.duration
        if let began = easy.tlsBegan { phases[.tls] = max(.zero, (easy.tlsEnded ?? report.duration) - began) }
        return phases
    }

    private func failure(_ code: CURLcode, _ times: TransferTimes, _ endpoint: Endpoint) -> ExchangeFailure {
        let isEstablished = easy.tlsBegan == nil || easy.tls?.version != nil
        // Of a connection that was open before, libcurl reports no time.
        let isConnected = times.connected > .zero || isLoggedIn
        let phase: ExchangePhase = !isConnected ? .connect : isEstablished ? .processing : .tls
        let target = times.remoteAddress ?? endpoint.description
        if socket.isCut { return FailureReason.timeout(phase, target, kind: .cancelled) }
        // The system's error is that of the last connection that failed, however long ago.
        let systemError = easy.socketError != 0 ? easy.socketError : phase == .connect ? times.systemError : 0
        var failure = FailureReason(
            code: code, systemError: systemError, detail: easy.error, refusal: nil, hasAllHeaders: true,
            ofTLS: easy.verifier.flatMap { $0.ownFault ?? $0.failure(with: target) } ?? own(code, target), times: times, phase: phase,
            target: target, proxied: false, protocolName: server.service.rawValue.uppercased()
        ).failure
        if failure.kind == .protocolViolation { failure.kind = .notMail }
        return failure
    }

    /// The failure that a code of libcurl means in a mail protocol; nil for one that means the same in all protocols.
    private func own(_ code: CURLcode, _ target: String) -> ExchangeFailure? {
        let refusal = incoming.refusal
        // Without the text, which may quote the password.
        let said = refusal.map { " (\($0.code))" } ?? ""
        let (kind, sentence): (ExchangeFailure.Kind, String)
        switch code {
        case CURLE_USE_SSL_FAILED:
            let answer = refusal.map { "\(target) refused STARTTLS: \($0.line)" }
            (kind, sentence) = (.startTLSMissing, answer ?? "\(target) does not offer STARTTLS")
        case CURLE_LOGIN_DENIED where !isLoggedIn && refusal == nil: return noLogin(target)
        case CURLE_LOGIN_DENIED where !isLoggedIn && refusal?.isTemporary == true:
            (kind, sentence) = (.commandRefused, "\(target) does not let anybody log in at present\(said)")
        case CURLE_LOGIN_DENIED where !isLoggedIn, CURLE_AUTH_ERROR:
            (kind, sentence) = (.loginRefused, "\(target) refused the login of \(server.login?.user ?? "")\(said)")
        // libcurl counts what mail servers say as headers.
        case CURLE_WRITE_ERROR where incoming.isTooLong, CURLE_RECV_ERROR where FailureReason.exceedsLibrary(easy.error):
            return tooLong(target)
        case CURLE_COULDNT_CONNECT where isLoggedIn, CURLE_RECV_ERROR where refusal == nil, CURLE_SEND_ERROR where refusal == nil,
            CURLE_GOT_NOTHING:
            (kind, sentence) = (.reset, "the connection to \(target) was closed unexpectedly")
        case CURLE_LOGIN_DENIED, CURLE_REMOTE_ACCESS_DENIED, CURLE_QUOTE_ERROR, CURLE_SEND_ERROR, CURLE_UPLOAD_FAILED, CURLE_RECV_ERROR,
            CURLE_WEIRD_SERVER_REPLY:
            guard let refusal else { return nil }
            (kind, sentence) = (.commandRefused, "\(target) answered: \(refusal.line)")
        default: return nil
        }
        return ExchangeFailure(kind: kind, phase: .processing, sentence: sentence)
    }

    private func tooLong(_ target: String) -> ExchangeFailure {
        ExchangeFailure(kind: .notMail, phase: .processing, sentence: "the answer of \(target) exceeds the maximum size or number of lines")
    }

    private func noLogin(_ target: String) -> ExchangeFailure {
        ExchangeFailure(
            kind: .loginRefused, phase: .processing,
            sentence: "\(target) offers no way to log in with a password (AUTH PLAIN or LOGIN)")
    }

    // MARK: Callbacks, on a thread of the command

    private func receive(_ data: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
        incoming.takeResponse(UnsafeRawBufferPointer(start: data, count: count)) ? count : 0
    }

    private func receiveReply(_ data: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
        easy.noteTLS()
        return incoming.takeReply(UnsafeRawBufferPointer(start: data, count: count)) ? count : 0
    }

    private func send(into buffer: UnsafeMutablePointer<CChar>, _ most: Int) -> Int {
        let piece = outgoing.prefix(most)
        piece.withUnsafeBytes { UnsafeMutableRawBufferPointer(start: buffer, count: most).copyMemory(from: $0) }
        outgoing = outgoing.dropFirst(most)
        return piece.count
    }
}
