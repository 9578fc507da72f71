import Addresses
import CCurl
import Certificates

extension Transfers {
    /// One hop, logged in if the request has an account and the server asks for it.
    ///
    /// With Kerberos the server is asked twice: only its certificate shows what the ticket must be bound to (Extended Protection).
    func performLoggedIn(
        _ request: ExchangeRequest, _ host: URLHost, _ target: Hop.Target, redirects: Int, cookies: [[CChar]], timeout: Duration
    ) async -> Hop.Ending {
        let end = ContinuousClock.now + timeout
        var ending = await performThroughProxy(request, host, target, redirects: redirects, cookies: cookies, until: end)
        guard let login = request.login, ending.report.isLoginDemanded else { return ending }
        guard login.scheme == .negotiate, ending.report.response?.loginSchemes.contains(login.scheme.name) == true else {
            return ending.refusing(login)
        }
        let began = ContinuousClock.now
        do throws(ExchangeFailure) {
            let binding = ending.report.tls?.leaf.map(ChannelBinding.endPoint) ?? []
            var field = HeaderField(
                "Authorization", try await KerberosTicket.header(for: host.name, login, boundTo: binding, loop, until: end))
            field.isSecret = true
            var again = request
            again.headers.append(field)
            var phases = ending.report.phases
            phases[.processing, default: .zero] += ContinuousClock.now - began
            ending = await performThroughProxy(again, host, target, redirects: redirects, cookies: ending.cookies, until: end)
            ending.report.phases.merge(phases) { $0 + $1 }
        } catch {
            ending.report.failure = error
            ending.report.phases[.processing, default: .zero] += ContinuousClock.now - began
            return ending
        }
        return ending.report.isLoginDemanded ? ending.refusing(login) : ending
    }

    /// One hop; through a proxy that wants a Kerberos ticket, with one.
    private func performThroughProxy(
        _ request: ExchangeRequest, _ host: URLHost, _ target: Hop.Target, redirects: Int, cookies: [[CChar]],
        until end: ContinuousClock.Instant
    ) async -> Hop.Ending {
        var target = target
        if case .proxy(var proxy, let endpoint) = target, let login = proxy.login, login.scheme == .negotiate {
            do throws(ExchangeFailure) {
                let name = URLHost(proxy.url.text)?.name ?? ""
                let header = try await KerberosTicket.header(for: name, login, boundTo: [], loop, until: end)
                proxy.headers.append(HeaderField("Proxy-Authorization", header))
            } catch { return Hop.Ending(failure: error) }
            target = .proxy(proxy, to: endpoint)
        }
        let left = max(.milliseconds(1), ContinuousClock.now.duration(to: end))
        var ending = await perform(request, host, target, redirects: redirects, cookies: cookies, timeout: left)
        if case .proxy(let proxy, _) = target, let login = proxy.login {
            let kind = ending.report.failure?.kind
            if kind == .proxyAuthentication || kind == nil && ending.report.response?.status == 407 {
                ending.report.failure = ExchangeFailure(
                    kind: .proxyAuthentication, phase: .processing, sentence: "the proxy refused the login of \(login.user)")
            }
        }
        return ending
    }
}

extension ExchangeReport {
    /// Whether the response is complete and asks for a login.
    fileprivate var isLoginDemanded: Bool { failure == nil && response?.status == 401 }
}

extension ExchangeResponse {
    /// The ways to log in that are offered, in lower case.
    fileprivate var loginSchemes: [String] {
        // Several challenges may share a field; what contains `=` is a parameter.
        values(of: "WWW-Authenticate").flatMap { $0.split(separator: ",") }
            .compactMap { $0.split(separator: " ").first?.lowercased() }.filter { !$0.contains("=") }
    }
}

extension WindowsLogin.Scheme {
    fileprivate var name: String {
        switch self {
        case .negotiate: "negotiate"
        case .ntlm: "ntlm"
        }
    }
}

extension Hop.Ending {
    /// This ending, failed because the server does not accept the account.
    fileprivate func refusing(_ login: WindowsLogin) -> Hop.Ending {
        var ending = self
        let offered = report.response?.loginSchemes ?? []
        let server = report.remoteAddress ?? "the server"
        let sentence =
            offered.isEmpty || offered.contains(login.scheme.name)
            ? "\(server) refused the login of \(login.user)"
            : "\(server) does not offer \(login.scheme.name), only \(Set(offered).sorted().prefix(5).joined(separator: ", "))"
        ending.report.failure = ExchangeFailure(kind: .loginRefused, phase: .processing, sentence: sentence)
        return ending
    }
}
