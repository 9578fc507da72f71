package import Monitoring
import Probing

/// One target group of Prometheus's HTTP service discovery.
package struct DiscoveredTargets: Codable, Sendable {
    package var targets: [String]
    package var labels: [String: String]

    /// In configuration order.
    package static func all(in snapshot: Snapshot) -> [DiscoveredTargets] {
        snapshot.servers.map { server in
            DiscoveredTargets(
                targets: [server.address ?? server.hostname + ":443"],
                labels: [
                    "__meta_agent_server": server.name, "__meta_agent_hostname": server.hostname,
                    "__meta_agent_roles": server.roles.map(\.rawValue).joined(separator: ","),
                ])
        }
    }
}
