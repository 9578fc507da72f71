import FoundationEssentials
import HealthManager
import Transfers

/// How an exchange gets from here to a server of the organization, or to a cloud host.
struct NetworkPath: Sendable {
    let transfers: Transfers
    let trust: TrustedRoots
    let settings: NetworkSettings
    let userAgent: String

    /// A request to one server: straight to its address, with its public name kept. Never through the proxy.
    func request(to server: Server, path: String, _ context: RunContext) -> ExchangeRequest {
        var request = request(url: "https://\(server.hostname)\(path)", context)
        request.address = server.address
        // The clouds' certificates are renewed by others long before they end: on another day there is another one.
        if context.isRehearsal, abs(context.date.timeIntervalSince(context.time.now)) > 1 { request.tls.verificationDate = context.date }
        return request
    }

    /// A request to a cloud host; through the proxy where one is configured.
    func request(toCloud url: String, _ context: RunContext) -> ExchangeRequest {
        var request = request(url: url, context)
        request.proxy = settings.proxy.map { ProxyRoute(url: $0.url, noProxy: $0.noProxy) }
        return request
    }

    private func request(url: String, _ context: RunContext) -> ExchangeRequest {
        var request = ExchangeRequest(url: url, deadline: context.deadline, trust: trust)
        request.connectTo = settings.connectTo
        request.headers = [HeaderField("User-Agent", userAgent)]
        return request
    }
}

extension RunContext {
    /// This run with a part of its time: for a step that others do not depend on, and that must leave them theirs.
    func part(_ count: Int) -> RunContext {
        var part = self
        part.deadline = deadline / count
        return part
    }
}
