import FoundationEssentials
import Glibc
import TestSupport

/// An agent with a module for each protocol, and hostile peers to send it to.
final class HostileSite: Sendable {
    /// What one question of the agent's came to.
    struct Answer: Sendable {
        var page: String
        var seconds: Double
        var success: Bool { page.contains("\nprobe_success 1\n") }

        /// The value of a series of the page without labels.
        func value(_ name: String) -> Double? {
            page.split(separator: "\n").first { $0.hasPrefix(name + " ") }.flatMap { Double($0.dropFirst(name.count + 1)) }
        }

        var reason: String? {
            guard let found = page.firstRange(of: "reason=\"") else { return nil }
            return String(page[found.upperBound...].prefix { $0 != "\"" })
        }
    }

    private static let modules = """
        modules:
          innocent: { prober: http, timeout: 10s }
          tcp: { prober: tcp, timeout: 5s, tcp: { query_response: [{ expect: "^never" }] } }
          tls: { prober: tcp, timeout: 5s, tcp: { tls: true, query_response: [{ expect: "^never" }], tls_config: { insecure_skip_verify: true } } }
          unix: { prober: unix, timeout: 5s, unix: { query_response: [{ expect: "^never" }] } }
          http: { prober: http, timeout: 5s }
          https: { prober: http, timeout: 5s, http: { enable_http2: false, tls_config: { insecure_skip_verify: true } } }
          interim: { prober: http, timeout: 5s, http: { compression: gzip } }
          http2: { prober: http, timeout: 5s, http: { tls_config: { insecure_skip_verify: true } } }
          grpc: { prober: grpc, timeout: 5s }
          websocket: { prober: websocket, timeout: 5s, websocket: { query_response: [{ expect: "^never" }] } }
          smtp: { prober: tcp, timeout: 5s, tcp: { query_response: [{ expect: "^220 " }, { send: "EHLO me\\r" }, { expect: "^250 STARTTLS" }, { send: "STARTTLS\\r" }, { expect: "^220" }, { starttls: true }], tls_config: { insecure_skip_verify: true } } }
          dns_stream: { prober: dns, timeout: 5s, dns: { query_name: example.test, query_type: A, transport_protocol: tcp } }
          dns_datagrams: { prober: dns, timeout: 5s, dns: { query_name: example.test, query_type: A } }
        """

    let daemon: Daemon
    private let peers: HostilePeers

    init() async throws {
        peers = try await HostilePeers()
        try peers.directory.write("agent.yaml", "stateDirectory: state\nlisten: 127.0.0.1:0\n")
        try peers.directory.write("probes/README.md", "")
        try peers.directory.write("modules.yml", Self.modules)
        daemon = try await peers.startAgent(["--modules", peers.directory.path + "/modules.yml"])
    }

    /// The ways a protocol's peers misbehave in.
    func ways(of protocolName: String) -> [String] {
        peers.addresses.keys.filter { $0.hasPrefix(protocolName + " ") }.map { String($0.dropFirst(protocolName.count + 1)) }.sorted()
    }

    func probe(_ protocolName: String, _ way: String) async throws -> Answer {
        let scheme = ["https": "https://", "http2": "https://", "websocket": "ws://"][protocolName] ?? ""
        return try await ask("/probe?module=\(protocolName)&target=\(scheme)\(peers.addresses["\(protocolName) \(way)"] ?? "")")
    }

    func probeInnocent() async throws -> Answer { try await ask("/probe?module=innocent&target=\(peers.innocent)") }

    func metrics() async throws -> Answer { try await ask("/metrics") }

    private func ask(_ path: String) async throws -> Answer {
        let page = try await daemon.get(path, ["-w", "\nseconds %{time_total}"])
        let seconds = page.split(separator: "\n").last.flatMap { Double($0.dropFirst("seconds ".count)) } ?? .infinity
        return Answer(page: page, seconds: seconds)
    }

    var memory: Int { daemon.memory }
}
