package import Monitoring
import Probing

/// One target group of Prometheus's HTTP service discovery.
package struct DiscoveredTargets: Codable, Sendable {
    package var targets: [String]
    package var labels: [String: String]

    /// In configuration order.
    /// - Parameter vantage: where the agent probes from; nil if it is not named.
    package static func all(in snapshot: Snapshot, vantage: String?) -> [DiscoveredTargets] {
        snapshot.servers.map { server in
            var labels = [
                "__meta_agent_server": server.name, "__meta_agent_hostname": server.hostname,
                "__meta_agent_roles": server.roles.map(\.rawValue).joined(separator: ","),
            ]
            labels["__meta_agent_vantage"] = vantage
            return DiscoveredTargets(targets: [server.address ?? server.hostname + ":443"], labels: labels)
        }
    }
}
