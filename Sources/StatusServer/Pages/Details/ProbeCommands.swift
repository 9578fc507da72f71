import Addresses
import Monitoring
import Probing

/// Commands about one probe: the agent's own, other programs that look at the same, and Exchange's.
struct ProbeCommands: Sendable {
    let own: [String]
    let others: [String]
    let cmdlets: [String]

    init(_ probe: ProbeState, _ commands: CommandText) {
        let name = probe.key.identity.description.replacing("\\", with: "/")
        let on = probe.key.server.isEmpty ? [] : ["--server", probe.key.server]
        own = [
            commands.agent(["invoke", name] + on), commands.agent(["history", name] + on + ["--since", "24h"]),
            commands.agent(["explain", ProbeWords.name(probe.key.identity).replacing("\\", with: "/")]),
        ]
        others = probe.key.identity.target.map { Self.others(probe.definition.kind.name, $0) } ?? []
        cmdlets = Trouble.all(in: probe).first.map(ExchangeCmdlet.toLook) ?? []
    }

    /// - Parameter target: as the pages show it, without credentials.
    private static func others(_ kind: String, _ target: String) -> [String] {
        let text = CommandText.quoted(target)
        let isPattern = target.contains { "*?[".contains($0) }
        let host = Target.host(in: target)
        switch kind {
        case "http":
            return ["curl --verbose --output /dev/null \(CommandText.quoted(target.contains("://") ? target : "http://" + target))"]
        // Without a port, the protocol that precedes TLS would have to be known.
        case "tls", "cert-expiry", "key-size":
            guard target.contains(":"), !target.contains("/") else { return [] }
            return ["openssl s_client -connect \(text) -servername \(CommandText.quoted(host)) -showcerts </dev/null"]
        case "tcp":
            return ["nc -vz \(CommandText.quoted(host)) \(CommandText.quoted(target.split(separator: ":").last.map(String.init) ?? ""))"]
        case "icmp": return ["ping -c 3 \(text)"]
        case "dns": return ["dig @\(CommandText.quoted(host))"]
        case "certificate-file" where !isPattern: return ["openssl x509 -in \(text) -noout -subject -issuer -dates -fingerprint"]
        default: return []
        }
    }
}
