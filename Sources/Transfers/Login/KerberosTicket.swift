import CKerberos
import CLinux
import Concurrency
import FoundationEssentials
import Glibc
import Synchronization

/// Kerberos tickets for HTTP servers and proxies, as tokens of SPNEGO (RFC 4559).
///
/// The Kerberos library waits for its servers for as long as it likes. So each request has a thread of its own, which is left behind when the
/// time is over. A login serves the requests of five minutes, and one that failed is not repeated for ten seconds: an account is not locked
/// because many requests at once have the same wrong password.
enum KerberosTicket {
    /// How many threads may be left behind before no further one is started.
    private static let mostLeftBehind = 32
    private static let leftBehind = Atomic(0)

    /// The value of an `Authorization` or `Proxy-Authorization` header.
    /// - Parameter binding: what the ticket is bound to (RFC 5929), empty without TLS.
    /// - Throws: `kerberosFailed`, also if the deadline passes or the task is cancelled; `credentialUnreadable`, `localResources`.
    static func header(
        for host: String, _ login: WindowsLogin, boundTo binding: [UInt8], _ loop: SocketLoop, until deadline: ContinuousClock.Instant
    ) async throws(ExchangeFailure) -> String {
        let password = try login.password()
        guard leftBehind.load(ordering: .relaxed) < mostLeftBehind else {
            throw ExchangeFailure(
                kind: .localResources, phase: .processing,
                sentence: "\(mostLeftBehind) earlier requests still wait for a Kerberos server: no further one is made")
        }
        let answer = Answer()
        guard answer.given.number >= 0 else { throw SystemFailure(errno).opening("descriptor") }
        let code = BackgroundThread.start("kerberos") {
            let isLate = answer.give(
                Result { () throws(ExchangeFailure) in
                    try KerberosLogins.shared.token(for: "HTTP@\(host)", login, password, binding)
                })
            if isLate { leftBehind.subtract(1, ordering: .relaxed) }
        }
        guard code == 0 else { throw SystemFailure(code == EAGAIN ? ENOMEM : code).opening("thread") }
        if await loop.wait(answer.given, for: .read, until: deadline) != .ready, answer.leave() {
            leftBehind.add(1, ordering: .relaxed)
        }
        return "Negotiate " + Data(try answer.result.get()).base64EncodedString()
    }

    /// The result of a thread, and a descriptor that can be read once it is there.
    private final class Answer: Sendable {
        private struct State {
            var result: Result<[UInt8], ExchangeFailure>?
            var isLeft = false
        }

        let given = Descriptor(agent_eventfd())
        private let state = Mutex(State())

        var result: Result<[UInt8], ExchangeFailure> {
            state.withLock(\.result)
                ?? .failure(
                    ExchangeFailure(kind: .kerberosFailed, phase: .processing, sentence: "no Kerberos server responded in time"))
        }

        /// - Returns: whether nobody waits any more.
        func give(_ result: Result<[UInt8], ExchangeFailure>) -> Bool {
            let isLeft = state.withLock { state in
                state.result = result
                return state.isLeft
            }
            var one: UInt64 = 1
            _ = write(given.number, &one, 8)
            return isLeft
        }

        /// - Returns: whether there is no result yet, for which nobody waits any more.
        func leave() -> Bool {
            state.withLock { state in
                state.isLeft = state.result == nil
                return state.isLeft
            }
        }
    }
}

/// The logins of all accounts, each used by one thread at a time.
private final class KerberosLogins: Sendable {
    static let shared = KerberosLogins()

    private struct Key: Hashable {
        var login: WindowsLogin
        var password: String?
    }

    /// An account that has logged in, or why it has not.
    private struct Login {
        var result: Result<KerberosAccount, ExchangeFailure>
        var until: ContinuousClock.Instant
    }

    private final class Slot: Sendable {
        let login = Mutex<Login?>(nil)
    }

    private static let mostKept = 64
    private static let lifetime: (success: Duration, failure: Duration) = (.seconds(300), .seconds(10))

    private let slots = Mutex<[Key: Slot]>([:])

    /// Blocks until there is a token, or none can be had.
    func token(
        for service: String, _ login: WindowsLogin, _ password: String?, _ binding: [UInt8]
    ) throws(ExchangeFailure) -> [UInt8] {
        let slot = slots.withLock { slots in
            let key = Key(login: login, password: password)
            if let known = slots[key] { return known }
            if slots.count >= Self.mostKept { slots = [:] }
            let slot = Slot()
            slots[key] = slot
            return slot
        }
        return try slot.login.withLock { (known) -> Result<[UInt8], ExchangeFailure> in
            if known.map({ $0.until <= .now }) ?? true {
                let result = Result { () throws(ExchangeFailure) in try KerberosAccount(login.user, password, keytab: login.keytab) }
                let lifetime = (try? result.get()) == nil ? Self.lifetime.failure : Self.lifetime.success
                known = Login(result: result, until: .now + lifetime)
            }
            guard let account = known?.result else {
                return .failure(ExchangeFailure(kind: .kerberosFailed, phase: .processing, sentence: ""))
            }
            let token = account.flatMap { account in
                Result { () throws(ExchangeFailure) in try account.token(for: service, binding) }
            }
            // Its tickets may have ended meanwhile.
            if case .success = account, case .failure = token { known = nil }
            return token
        }.get()
    }
}

extension WindowsLogin {
    fileprivate var keytab: String? { if case .keytab(let path) = secret { path } else { nil } }
}

/// An account that has logged in, with its tickets, which are forgotten with it. Used by one thread at a time.
private final class KerberosAccount {
    private let user: String
    private var context: krb5_context?
    private var principal: krb5_principal?
    private var tickets: krb5_ccache?

    init(_ user: String, _ password: String?, keytab: String?) throws(ExchangeFailure) {
        self.user = user
        try check(krb5_init_context(&context), "Kerberos is not configured on this machine")
        try check(krb5_parse_name(context, user, &principal), "'\(user)' is not a Kerberos account")
        try check(krb5_cc_new_unique(context, "MEMORY", nil, &tickets), "Kerberos has no place for tickets")
        try check(krb5_cc_initialize(context, tickets, principal), "Kerberos has no place for tickets")
        try logIn(password, keytab: keytab)
    }

    deinit {
        if let tickets { krb5_cc_destroy(context, tickets) }
        if let principal { krb5_free_principal(context, principal) }
        if let context { krb5_free_context(context) }
    }

    /// Fetches the ticket-granting ticket.
    private func logIn(_ password: String?, keytab path: String?) throws(ExchangeFailure) {
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
