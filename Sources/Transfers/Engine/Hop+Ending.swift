import Addresses
import CCurl

extension Hop {
    /// What the hop connects to.
    enum Target: Sendable {
        case endpoint(Endpoint)
        /// A proxy, which connects to the address or, if it is nil, resolves the name itself.
        case proxy(ProxyRoute, to: Endpoint?)
        case unixSocket(String)

        var endpoint: Endpoint? {
            switch self {
            case .endpoint(let endpoint): endpoint
            case .proxy(_, let endpoint): endpoint
            case .unixSocket: nil
            }
        }
    }

    /// Counts the challenges to a login: the first one is answered, the second says that the answer is not accepted.
    struct Challenges {
        private var counts: [Int: Int] = [:]

        /// - Returns: whether no further answer is given.
        mutating func isLast(_ status: Int) -> Bool {
            guard [401, 407].contains(status) else { return false }
            counts[status, default: 0] += 1
            return counts[status] == 2
        }
    }

    /// The accounts for NTLM, with their passwords.
    struct Logins: Sendable {
        var server: (user: String, password: String)?
        var proxy: (user: String, password: String)?

        var isEmpty: Bool { server == nil && proxy == nil }

        func refusal(by target: String) -> ExchangeFailure {
            ExchangeFailure(
                kind: proxy == nil ? .loginRefused : .proxyAuthentication, phase: .processing,
                sentence: "\(target) closes every connection instead of taking the login of \(proxy?.user ?? server?.user ?? "")")
        }

        /// - Throws: `credentialUnreadable`, `localResources`, `notPermitted` without NTLM.
        init(_ request: ExchangeRequest, _ target: Target) throws(ExchangeFailure) {
            server = try Self.login(request.login)
            if case .proxy(let proxy, _) = target { self.proxy = try Self.login(proxy.login) }
        }

        private static func login(_ login: WindowsLogin?) throws(ExchangeFailure) -> (user: String, password: String)? {
            guard let login, login.scheme == .ntlm else { return nil }
            // libcurl would send the password in clear instead.
            guard agent_has_ntlm() != 0 else {
                throw ExchangeFailure(
                    kind: .notPermitted, phase: .processing, sentence: "libcurl on this machine is built without NTLM")
            }
            return (login.user, try login.password() ?? "")
        }
    }

    struct Ending: Sendable {
        var report: ExchangeReport
        /// Nil if the response is not a redirect.
        var redirect: Redirect?
        /// In libcurl's cookie format, each with a final zero; values need not be UTF-8.
        var cookies: [[CChar]] = []

        init(report: ExchangeReport, redirect: Redirect? = nil) {
            self.report = report
            self.redirect = redirect
        }

        init(failure: ExchangeFailure) {
            report = ExchangeReport()
            report.failure = failure
        }

        static func failed(_ kind: ExchangeFailure.Kind, _ phase: ExchangePhase, _ sentence: String) -> Ending {
            Ending(failure: ExchangeFailure(kind: kind, phase: phase, sentence: sentence))
        }
    }
}
