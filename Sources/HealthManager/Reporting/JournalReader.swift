package import FoundationEssentials
package import Monitoring
import Probing

/// Answers questions about what the journal has kept.
package struct JournalReader: Sendable {
    private let manager: HealthManager
    private var journal: any Journal { manager.services.journal }

    package init(_ manager: HealthManager) { self.manager = manager }

    /// The matching history records from the journal, newest first.
    package func history(_ query: HistoryQuery) async throws(JournalError) -> [HistoryRecord] {
        var query = query
        let state = await manager.state
        query.subject = query.subject.map { state.defined($0) ?? $0 }
        return try await journal.history(query)
    }

    /// One sentence if the subject or server of a query is neither defined nor in the history; otherwise nil.
    package func unknownSubject(in query: HistoryQuery) async throws(JournalError) -> String? {
        let state = await manager.state
        if let server = query.server, state.organization.server(named: server) == nil {
            var ever = HistoryQuery()
            (ever.server, ever.limit) = (server, 1)
            if try await journal.history(ever).isEmpty {
                return "server '\(server)' is not configured, and the history has no records of it"
            }
        }
        if let subject = query.subject, state.defined(subject) == nil {
            var ever = HistoryQuery()
            (ever.subject, ever.limit) = (subject, 1)
            guard try await journal.history(ever).isEmpty else { return nil }
            let names =
                state.names(like: subject) { [$0.identity.name] + $0.monitors.map(\.name) }
                + state.plan.definitions.map(\.identity.healthSet)
            let near = NearestName.ranked(Set(names), to: subject).prefix(3).joined(separator: ", ")
            return "there is no probe, monitor, health set or responder '\(subject)', and the history has no records of it"
                + (near.isEmpty ? "" : "; similar names: \(near)") + "; run 'agent probes' or 'agent health' to list the names"
        }
        return nil
    }

    /// The shares of successful runs before a date, by `UptimeShares.name`.
    package func uptimes(at date: Date) async throws(JournalError) -> [String: UptimeShares] { try await journal.uptimes(at: date) }

    /// Returns when everything recorded before is on disk, or when the journal has failed to write it. Called before a response is sent, so
    /// that what it reports survives a crash.
    package func flush() async { try? await journal.flush() }
}

extension ManagerState {
    /// The subject if it is currently defined; a probe may also be named by its kind, or without separators. Nil if it is not defined.
    fileprivate func defined(_ subject: String) -> String? {
        if isDefined(subject) { return subject }
        guard case .one(let definition, let target) = selector.select(subject) else { return nil }
        let probe = ProbeIdentity(definition.identity, target: target).description
        return isDefined(probe) ? probe : nil
    }

    private func isDefined(_ subject: String) -> Bool {
        let lone = [Maintenance.wholeServer] + plan.configuration.responders.map(\.name) + plan.definitions.map(\.identity.healthSet)
        return lone.contains { $0.lowercased() == subject.lowercased() }
            || plan.definitions.contains { definition in
                ([definition.identity.name] + definition.monitors.map(\.name)).contains { name in
                    let identity = ProbeIdentity(healthSet: definition.identity.healthSet, name: name)
                    let target = identity.rest(of: subject)
                    return identity.isNamed(by: subject) || target.map { (try? roster.keys(of: definition, at: $0)) != nil } ?? false
                }
            }
    }
}
