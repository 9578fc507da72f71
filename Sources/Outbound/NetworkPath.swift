package import FoundationEssentials
package import Probing
package import Transfers

/// Creates the agent's requests to hosts that the configuration names, with the configured trust, proxy and connect-to settings.
package struct NetworkPath: Sendable {
    package let transfers: Transfers
    package let trust: TrustedRoots
    package let settings: NetworkSettings
    package let userAgent: String

    package init(transfers: Transfers, trust: TrustedRoots, settings: NetworkSettings, userAgent: String) {
        self.transfers = transfers
        self.trust = trust
        self.settings = settings
        self.userAgent = userAgent
    }

    /// A GET request to one server, to its configured address and with its host name for SNI and `Host`. Never uses the proxy.
    package func request(to server: Server, path: String, _ context: RunContext) -> ExchangeRequest {
        var request = request("https://\(server.hostname)\(path)", throughProxy: false, within: context.deadline)
        request.address = server.address
        request.tls.verificationDate = context.verificationDate
        return request
    }

    /// A GET request to a cloud host, through the proxy if one is configured.
    package func request(toCloud url: String, _ context: RunContext) -> ExchangeRequest {
        request(url, throughProxy: true, within: context.deadline)
    }

    /// A GET request to any other host.
    /// - Parameter throughProxy: whether the proxy is used, if one is configured and its exceptions do not include the host.
    package func request(_ url: String, throughProxy: Bool, within deadline: Duration) -> ExchangeRequest {
        var request = ExchangeRequest(url: url, deadline: deadline, trust: trust)
        request.connectTo = settings.connectTo
        if throughProxy { request.proxy = settings.proxy.map(ProxyRoute.init) }
        request.headers = [HeaderField("User-Agent", userAgent)]
        return request
    }
}

extension ProxyRoute {
    fileprivate init(_ proxy: NetworkSettings.Proxy) {
        self.init(url: proxy.url, noProxy: proxy.noProxy, login: proxy.account.map { WindowsLogin($0) })
    }
}

extension RunContext {
    /// The date at which the chains of servers are verified: that of a rehearsal; nil for now. Not used for cloud hosts, whose certificates
    /// are renewed long before they expire.
    package var verificationDate: Date? { isRehearsal && abs(date.timeIntervalSince(time.now)) > 1 ? date : nil }

    /// This context with 1/`count` of its remaining time, for a step that must leave time for later ones.
    package func part(_ count: Int) -> RunContext {
        var part = self
        part.deadline = deadline / count
        return part
    }
}
