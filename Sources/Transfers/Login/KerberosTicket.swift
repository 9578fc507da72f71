import CKerberos
import CLinux
import Concurrency
import FoundationEssentials
import Glibc
import Synchronization

/// Kerberos tickets for HTTP servers and proxies, as tokens of SPNEGO (RFC 4559), each fetched anew.
///
/// The Kerberos library waits for its servers for as long as it likes. So each request has a thread of its own, which is left behind when the
/// time is over.
enum KerberosTicket {
    /// How many threads may wait for a Kerberos server.
    private static let mostWaiting = 32
    private static let waiting = Atomic(0)

    /// The value of an `Authorization` or `Proxy-Authorization` header.
    /// - Parameter binding: what the ticket is bound to (RFC 5929), empty without TLS.
    /// - Throws: `kerberosFailed`, `credentialUnreadable`, `localResources`, `timeout`, `cancelled`.
    static func header(
        for host: String, _ login: WindowsLogin, boundTo binding: [UInt8], _ loop: SocketLoop, until deadline: ContinuousClock.Instant
    ) async throws(ExchangeFailure) -> String {
        let password = try login.password()
        let answer = Answer()
        guard waiting.add(1, ordering: .relaxed).newValue <= mostWaiting else {
            waiting.subtract(1, ordering: .relaxed)
            throw ExchangeFailure(
                kind: .localResources, phase: .processing,
                sentence: "\(mostWaiting) earlier requests still wait for a Kerberos server: no further one is made")
        }
        let code = BackgroundThread.start("kerberos") {
            answer.give(Result { () throws(ExchangeFailure) in try fetch(for: host, login, password, binding) })
            waiting.subtract(1, ordering: .relaxed)
        }
        guard code == 0 else {
            waiting.subtract(1, ordering: .relaxed)
            throw SystemFailure(code == EAGAIN ? ENOMEM : code).opening("thread")
        }
        switch await loop.wait(answer.given, for: .read, until: deadline) {
        case .ready: return "Negotiate " + Data(try answer.result.get()).base64EncodedString()
        case .cancelled: throw late(.cancelled)
        case .timedOut: throw late(.timeout)
        }
    }

    private static func late(_ kind: ExchangeFailure.Kind) -> ExchangeFailure {
        ExchangeFailure(kind: kind, phase: .processing, sentence: "no Kerberos server responded in time")
    }

    /// The result of a thread, and a descriptor that can be read once it is there.
    private final class Answer: Sendable {
        let given = Descriptor(agent_eventfd())
        private let state = Mutex<Result<[UInt8], ExchangeFailure>>(.failure(late(.timeout)))

        var result: Result<[UInt8], ExchangeFailure> { state.withLock(\.self) }

        func give(_ result: Result<[UInt8], ExchangeFailure>) {
            state.withLock { $0 = result }
            var one: UInt64 = 1
            _ = write(given.number, &one, 8)
        }
    }

    // MARK: On the thread of the request

    private static func fetch(
        for host: String, _ login: WindowsLogin, _ password: String?, _ binding: [UInt8]
    ) throws(ExchangeFailure) -> [UInt8] {
        let account = try KerberosAccount(login.user)
        try account.logIn(password, keytab: login.keytab)
        return try account.token(for: "HTTP@\(host)", binding)
    }
}

extension WindowsLogin {
    fileprivate var keytab: String? { if case .keytab(let path) = secret { path } else { nil } }
}

/// An account while a ticket is fetched for it; its tickets are forgotten with it. Used by one thread.
private final class KerberosAccount {
    private let user: String
    private var context: krb5_context?
    private var principal: krb5_principal?
    private var tickets: krb5_ccache?

    init(_ user: String) throws(ExchangeFailure) {
        self.user = user
        try check(krb5_init_context(&context), "Kerberos is not configured on this machine")
        try check(krb5_parse_name(context, user, &principal), "'\(user)' is not a Kerberos account")
        try check(krb5_cc_new_unique(context, "MEMORY", nil, &tickets), "Kerberos has no place for tickets")
        try check(krb5_cc_initialize(context, tickets, principal), "Kerberos has no place for tickets")
    }

    deinit {
        if let tickets { krb5_cc_destroy(context, tickets) }
        if let principal { krb5_free_principal(context, principal) }
        if let context { krb5_free_context(context) }
    }

    /// Fetches the ticket-granting ticket.
    func logIn(_ password: String?, keytab path: String?) throws(ExchangeFailure) {
        var credentials = krb5_creds()
        let code: krb5_error_code
        if let path {
            var keytab: krb5_keytab?
            defer { if let keytab { krb5_kt_close(context, keytab) } }
            try check(krb5_kt_resolve(context, "FILE:" + path, &keytab), "the keytab \(path) cannot be used")
            code = krb5_get_init_creds_keytab(context, &credentials, principal, keytab, 0, nil, nil)
        } else {
            // With a prompter, the library would ask for a new password where this one has expired.
            code = krb5_get_init_creds_password(context, &credentials, principal, password ?? "", nil, nil, 0, nil, nil)
        }
        defer { krb5_free_cred_contents(context, &credentials) }
        try check(code, "Kerberos refused the login of \(user)")
        try check(krb5_cc_store_cred(context, tickets, &credentials), "Kerberos has no place for tickets")
    }

    func token(for service: String, _ binding: [UInt8]) throws(ExchangeFailure) -> [UInt8] {
        var name: UnsafeMutablePointer<CChar>?
        try check(krb5_cc_get_full_name(context, tickets, &name), "Kerberos has no place for tickets")
        defer { krb5_free_string(context, name) }
        var (minor, ignored): (OM_uint32, OM_uint32) = (0, 0)
        var (credential, server): (gss_cred_id_t?, gss_name_t?)
        var token = gss_buffer_desc()
        defer {
            gss_release_cred(&ignored, &credential)
            gss_release_name(&ignored, &server)
            gss_release_buffer(&ignored, &token)
        }
        guard agent_gss_failed(agent_gss_acquire(&minor, name, &credential)) == 0,
            agent_gss_failed(agent_gss_import_service(&minor, service, &server)) == 0,
            agent_gss_failed(agent_gss_first_token(&minor, credential, server, binding, binding.count, &token)) == 0
        else {
            throw failure(
                "Kerberos gave no ticket for \(service.replacing("@", with: "/"))", agent_gss_text(minor).map { Self.taking($0) } ?? "")
        }
        return Array(UnsafeRawBufferPointer(start: token.value, count: token.length))
    }

    private static func taking(_ text: UnsafeMutablePointer<CChar>) -> String {
        defer { free(text) }
        return String(cString: text)
    }

    private func check(_ code: krb5_error_code, _ sentence: String) throws(ExchangeFailure) {
        guard code != 0 else { return }
        let message = krb5_get_error_message(context, code)
        defer { krb5_free_error_message(context, message) }
        throw failure(sentence, message.map { String(cString: $0) } ?? "")
    }

    private func failure(_ sentence: String, _ detail: String) -> ExchangeFailure {
        ExchangeFailure(
            kind: .kerberosFailed, phase: .processing, sentence: detail.isEmpty ? sentence : "\(sentence): \(detail)")
    }
}
