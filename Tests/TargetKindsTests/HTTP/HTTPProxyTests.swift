import Addresses
import FoundationEssentials
import Probing
import TestSupport
import Testing

@testable import TargetKinds

/// Through a proxy: who looks the name up, what the proxy is told, and what it never is.
@Suite struct HTTPProxyTests {
    private let site: HTTPSite

    init() throws { site = try HTTPSite() }

    @Test("a name is looked up before a proxy is asked, which is then told the address")
    func resolved() async throws {
        let proxy = try await WebServer()
        let options = "{ proxy_url: 'http://\(proxy.authority)', preferred_ip_protocol: ip4 }"
        let seen = try await site.run("http://localhost:8080/path", options)
        #expect(seen.succeeded && seen.resolution?.address?.description == "127.0.0.1")
        #expect(proxy.requests.first?.path == "http://127.0.0.1:8080/path")
        #expect(proxy.requests.first?.headers["host"] == "localhost:8080")
        let unknown = try await site.run("http://\(String(repeating: "x", count: 64)).invalid/", options)
        #expect(unknown.reason == .dnsFailed && proxy.requests.count == 1)
    }

    @Test("a name may be left to the proxy: nothing is looked up then")
    func unresolved() async throws {
        let proxy = try await WebServer()
        let name = String(repeating: "x", count: 64) + ".invalid"
        let seen = try await site.run("http://\(name)/", "{ proxy_url: 'http://\(proxy.authority)', skip_resolve_phase_with_proxy: true }")
        #expect(seen.succeeded && seen.resolution == nil)
        #expect(proxy.requests.first?.path == "http://\(name)/")
    }

    @Test("the option alone, without a proxy, skips nothing")
    func withoutProxy() async throws {
        let server = try await WebServer()
        let seen = try await site.run(server.authority, "skip_resolve_phase_with_proxy: true")
        #expect(seen.succeeded && seen.resolution?.address?.description == "127.0.0.1")
    }

    @Test("TLS goes through a tunnel, whose headers are for the proxy and whose server sees its own alone", arguments: [true, false])
    func tunnel(skips: Bool) async throws {
        let certificate = try await TestCertificate()
        let (proxy, server) = (try await WebServer(), try await WebServer(certificate))
        let options = """
            proxy_url: http://user:word@\(proxy.authority)
            proxy_connect_header: { X-Proxy: [secret] }
            skip_resolve_phase_with_proxy: \(skips)
            preferred_ip_protocol: ip4
            bearer_token: mine
            tls_config: { ca_file: \(certificate.certificateFile) }
            """
        let seen = try await site.run("https://localhost:\(server.port)/", options)
        #expect(seen.succeeded, "\(seen.sentence)")
        let (told, asked) = (try #require(proxy.requests.first), try #require(server.requests.first))
        #expect(told.method == "CONNECT" && told.path == (skips ? "localhost" : "127.0.0.1") + ":\(server.port)")
        #expect(told.headers["x-proxy"] == "secret" && told.headers["proxy-authorization"] != nil && told.headers["authorization"] == nil)
        #expect(asked.sni == "localhost" && asked.headers["x-proxy"] == nil && asked.headers["proxy-authorization"] == nil)
        #expect(asked.headers["authorization"] == "Bearer mine" && seen.certificates == 1)
    }

    @Test("hosts that need no proxy are reached without it", arguments: ["127.0.0.1", "127.0.0.0/8", "other.example, 127.0.0.1", "*"])
    func without(list: String) async throws {
        let (proxy, server) = (try await WebServer(), try await WebServer())
        let seen = try await site.run(server.authority, "{ proxy_url: 'http://\(proxy.authority)', no_proxy: '\(list)' }")
        #expect(seen.succeeded && proxy.requests.isEmpty && server.requests.count == 1)
    }

    @Test("the policy is asked of the address a proxy is to go to")
    func policy() async throws {
        let proxy = try await WebServer()
        let policy = AddressPolicy(allowed: [], denied: [], allowsLoopback: false)
        let seen = try await site.run(
            Target("http://localhost:8080/", policy: policy), "{ proxy_url: 'http://\(proxy.authority)', preferred_ip_protocol: ip4 }")
        #expect(seen.reason == .targetForbidden && proxy.requests.isEmpty)
    }

    @Test("a proxy that is not there is told without its password")
    func unreachable() async throws {
        let port = try await WebServer.closedPort()
        let seen = try await site.run("http://127.0.0.1:1/", "proxy_url: http://user:word@127.0.0.1:\(port)")
        #expect(seen.reason == .connectRefused && !"\(seen.outcome)".contains("word"), "\(seen.outcome)")
    }
}
