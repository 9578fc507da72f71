import FoundationEssentials

/// What others ask of monitors and decisions.
extension HealthManager {
    package func healthReport() -> HealthReport {
        HealthReport(board.statuses) { decisions.inactive($0, server: $1, at: time.now) }
    }

    package func overrideDocuments() -> [OverrideDocument] {
        decisions.overrides.sorted { ($0.identity, $0.property) < ($1.identity, $1.property) }.map { OverrideDocument($0) }
    }

    package func maintenanceDocuments() -> [MaintenanceDocument] {
        decisions.maintenance.sorted { ($0.server, $0.component, $0.requester) < ($1.server, $1.component, $1.requester) }
            .map { MaintenanceDocument($0, at: time.now) }
    }

    package func document(of maintenance: Maintenance) -> MaintenanceDocument { MaintenanceDocument(maintenance, at: time.now) }

    /// The past, from the journal.
    package func history(_ query: HistoryQuery) async throws(NotKept) -> [HistoryRecord] { try await journal.history(query) }

    /// Waits until whatever is answered from now on is on disk: an answer is not taken back by a process that dies. Goes on without, where
    /// the journal can't write.
    package func settle() async { try? await journal.settle() }
}

/// What Prometheus's HTTP service discovery reads: one group for each configured server.
package struct DiscoveredTargets: Codable, Sendable {
    package var targets: [String]
    package var labels: [String: String]
}

extension HealthManager {
    package func serviceDiscovery() -> [DiscoveredTargets] {
        plan.configuration.servers.map { server in
            DiscoveredTargets(
                targets: [server.address ?? server.hostname + ":443"],
                labels: [
                    "__meta_agent_server": server.name, "__meta_agent_hostname": server.hostname,
                    "__meta_agent_roles": server.roles.map(\.rawValue).joined(separator: ","),
                ])
        }
    }
}
