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
        decisions.maintenance.filter { !$0.isOver(at: time.now) }.sorted {
            ($0.server, $0.component, $0.requester) < ($1.server, $1.component, $1.requester)
        }
        .map { MaintenanceDocument($0, at: time.now) }
    }

    package func document(of maintenance: Maintenance) -> MaintenanceDocument { MaintenanceDocument(maintenance, at: time.now) }

    /// The past, from the journal.
    package func history(_ query: HistoryQuery) async throws(NotKept) -> [HistoryRecord] {
        var query = query
        query.subject = query.subject.map { defined($0) ?? $0 }
        return try await journal.history(query)
    }

    /// Why nothing can be known of what a query is about, in one sentence; nil where it is defined now, or something was ever written of it.
    package func stranger(in query: HistoryQuery) async throws(NotKept) -> String? {
        if let server = query.server, plan.configuration.server(named: server) == nil {
            var ever = HistoryQuery()
            (ever.server, ever.limit) = (server, 1)
            if try await journal.history(ever).isEmpty { return "no server '\(server)' is configured, nor is it in the history" }
        }
        if let subject = query.subject, defined(subject) == nil {
            var ever = HistoryQuery()
            (ever.subject, ever.limit) = (subject, 1)
            guard try await journal.history(ever).isEmpty else { return nil }
            let names = names(spelt: subject) { [$0.identity.name] + $0.monitors.map(\.name) } + plan.definitions.map(\.identity.healthSet)
            let near = NearestName.ranked(Set(names), to: subject).prefix(3).joined(separator: ", ")
            return "there is no probe, monitor, health set or responder '\(subject)', nor is it in the history"
                + (near.isEmpty ? "" : "; nearest: \(near)") + "; 'agent probes' and 'agent health' list the names"
        }
        return nil
    }

    /// A subject of history that is defined now; a probe may also be named by its kind, or as a shell leaves it that has eaten the backslash.
    private func defined(_ subject: String) -> String? {
        if isDefined(subject) { return subject }
        guard case .one(let definition, let target) = selector.select(subject) else { return nil }
        let probe = ProbeIdentity(healthSet: definition.identity.healthSet, name: definition.identity.name, target: target).description
        return isDefined(probe) ? probe : nil
    }

    private func isDefined(_ subject: String) -> Bool {
        let lone = [Maintenance.wholeServer] + plan.configuration.responders.map(\.name) + plan.definitions.map(\.identity.healthSet)
        return lone.contains { $0.lowercased() == subject.lowercased() }
            || plan.definitions.contains { definition in
                ([definition.identity.name] + definition.monitors.map(\.name)).contains { name in
                    let identity = ProbeIdentity(healthSet: definition.identity.healthSet, name: name)
                    let target = identity.rest(of: subject)
                    return identity.isNamed(by: subject) || target.map { (try? keys(of: definition, at: $0)) != nil } ?? false
                }
            }
    }

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
