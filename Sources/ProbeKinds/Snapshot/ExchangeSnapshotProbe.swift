import ExchangeExport
import FoundationEssentials
import Outbound
import Probing

struct ExchangeSnapshotProbe: Probe {
    private static let mostGaps = 20

    let services: KindServices
    let settings: SnapshotSettings
    let place: Place

    func run(_ context: RunContext) async -> Outcome {
        var log = RunRecorder()
        let standing = services.standing(settings, of: place.organization, context)
        if let finding = standing.finding { log.find(finding) }
        if let snapshot = standing.snapshot {
            log.sample(context.time.now.timeIntervalSince(snapshot.collectedAt) / 3600)
            log.observe(.measurement(ExchangeSnapshotKind.collected(snapshot.collectedAt, [])))
            if standing.finding == nil { for finding in gaps(snapshot) { log.find(finding) } }
            log.stage(
                .config, .passed,
                "collected at \(snapshot.collectedAt.formatted(.iso8601)) by \(snapshot.collectedBy ?? "an unnamed server")")
        }
        return log.finished([.config])
    }

    private func gaps(_ snapshot: ExchangeSnapshot) -> [Finding] {
        var clauses: [String] = []
        for server in place.organization.servers {
            if let found = snapshot.server(named: server.name) {
                if !found.isReachable {
                    clauses.append("\(server.name) did not answer\(found.error.map { " (\($0.prefix(200)))" } ?? "")")
                }
            } else {
                clauses.append("\(server.name) is not in the organization's list of Exchange servers")
            }
        }
        let known = Set(place.organization.servers.map { $0.name.lowercased() })
        for server in snapshot.servers where !known.contains(server.name.lowercased()) {
            let isWatched = server.roles.map { $0.contains { $0.lowercased() == "mailbox" } } ?? true
            if isWatched { clauses.append("\(server.name) is not among 'servers' in agent.yaml: it is not watched") }
        }
        let failed = Set((snapshot.errors ?? []).map { $0.cmdlet.lowercased() })
        for (cmdlet, isThere) in [
            ("Get-AcceptedDomain", snapshot.organization.domains != nil), ("Get-AuthConfig", snapshot.authConfig != nil),
            ("Get-AuthServer", snapshot.authServers != nil), ("Get-SettingOverride", snapshot.settingOverrides != nil),
        ] where !isThere && !failed.contains(cmdlet.lowercased()) {
            clauses.append("the result of \(cmdlet) is missing, and no error says why")
        }
        for error in snapshot.errors ?? [] {
            let what =
                switch error.kind {
                case .missing: "is not available to the account that collected it"
                case .denied: "was denied"
                case .failed: "failed"
                }
            let place = error.server.flatMap { $0.isEmpty ? nil : " on \($0)" } ?? ""
            clauses.append("\(error.cmdlet)\(place) \(what)\(error.message.map { " (\($0.prefix(200)))" } ?? "")")
        }
        if clauses.count > Self.mostGaps {
            clauses = clauses.prefix(Self.mostGaps) + ["\(clauses.count - Self.mostGaps) more are missing"]
        }
        return clauses.map { Finding(.warning, stage: .config, reason: .snapshotIncomplete, sentence: "the snapshot is incomplete: \($0)") }
    }
}
