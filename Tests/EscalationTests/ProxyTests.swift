import Addresses
import Probing
import TestSupport
import Testing
import Transfers

@testable import Escalation

/// `proxy` of `agent.yaml`, for what the agent sends.
@Suite struct ProxyTests {
    private static let transfers = Transfers()

    private static func client(_ proxy: HookServer, without: [String]) -> OutboundClient {
        var network = NetworkSettings()
        network.proxy = .init(url: EndpointURL(proxy.url("")), noProxy: without)
        let client = OutboundClient(transfers, userAgent: "agent/test")
        client.use(network)
        return client
    }

    @Test(
        "a request goes through the proxy, unless its host is listed in noProxy",
        arguments: [[], ["127.0.0.2", "test"], ["127.0.0.0/8"], ["*"]])
    func listed(noProxy: [String]) async throws {
        let (proxy, hook) = (try await HookServer(), try await HookServer())
        let isProxied = noProxy.count != 1
        let report = await Self.client(proxy, without: noProxy).post([], to: hook.url("/ok"), throughProxy: true, within: .seconds(20))
        #expect(report.response?.status == 200, "\(String(describing: report.failure))")
        // A proxy is asked for the whole URL.
        let asked = isProxied ? await proxy.requests(hook.url("/ok"), awaiting: 1) : await hook.requests("/ok", awaiting: 1)
        #expect(asked.count == 1)
        #expect((isProxied ? hook.requests("/ok") : proxy.requests(hook.url("/ok"))).isEmpty)
    }

    @Test("a request that is not to go through the proxy does not, whatever is listed")
    func direct() async throws {
        let (proxy, hook) = (try await HookServer(), try await HookServer())
        let report = await Self.client(proxy, without: []).post([], to: hook.url("/ok"), throughProxy: false, within: .seconds(20))
        #expect(report.response?.status == 200, "\(String(describing: report.failure))")
        #expect(await hook.requests("/ok", awaiting: 1).count == 1 && proxy.requests(hook.url("/ok")).isEmpty)
    }
}
