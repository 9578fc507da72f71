import Certificates
import FoundationEssentials
import HealthManager
import Mustache

/// The page at `/`: what is watched, how it is, and where to go on.
struct StatusPage: Sendable {
    private let template: MustacheTemplate

    init() throws {
        template = try MustacheTemplate(string: String(decoding: PackageResources.status_html, as: UTF8.self))
    }

    private struct Row {
        let probe: String
        let server: String
        let result: String
        let style: String
        let reason: String
        let sentence: String
        let lastRun: String
        let nextRun: String
        let sampleValue: String
    }

    private struct CertificateRow {
        let thumbprint: String
        let slot: String
        let copies: String
        let notAfter: String
        let daysLeft: String
        let key: String
    }

    private struct View {
        let started: String
        let cacheCleared: String
        let configuration: String
        let isRefused: Bool
        let diagnostics: [String]
        let historyProblem: String?
        let rows: [Row]
        let certificates: [CertificateRow]
        let absent: [String]
        let lists: [String]
        let runs: [RunRow]
        let hasRuns: Bool
    }

    private struct RunRow {
        let id: Int
        let module: String
        let target: String
        let result: String
        let style: String
        let reason: String
        let sentence: String
        let when: String
    }

    func render(_ snapshot: Snapshot, recent: [OnDemandRun] = []) -> String {
        let facts = snapshot.agent
        let view = View(
            started: facts.started.formatted(.iso8601), cacheCleared: facts.cacheCleared.formatted(.iso8601),
            configuration: facts.configurationPath,
            isRefused: !facts.lastReloadSucceeded, diagnostics: facts.diagnostics.map(\.description),
            historyProblem: facts.journal.problem, rows: snapshot.probes.map(row),
            certificates: certificates(snapshot),
            absent: snapshot.notDefined.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.because)" },
            lists: facts.targetLists.compactMap { fact in fact.problem.map { "\(fact.definition): \($0)" } },
            runs: recent.map(row), hasRuns: !recent.isEmpty)
        return template.render(view)
    }

    private func row(_ state: ProbeState) -> Row {
        let result = state.latest
        let decisive = result?.decisive
        let style = result.map { $0.isWarning ? "warning" : $0.type.name.lowercased() } ?? "waiting"
        return Row(
            probe: state.key.identity.description, server: state.key.address.isEmpty ? state.key.server : state.key.address,
            result: result?.type.name ?? "not run yet", style: style,
            reason: decisive?.reason.rawValue ?? "", sentence: decisive?.sentence ?? "", lastRun: result?.end.formatted(.iso8601) ?? "",
            nextRun: state.nextRun?.formatted(.iso8601) ?? "",
            sampleValue: result?.outcome.sampleValue.map { "\(($0 * 10).rounded() / 10)" } ?? "")
    }

    private func row(_ run: OnDemandRun) -> RunRow {
        let decisive = run.result.decisive
        return RunRow(
            id: run.id, module: run.module.name, target: run.target, result: run.result.type.name, style: run.result.type.name.lowercased(),
            reason: decisive?.reason.rawValue ?? "", sentence: decisive?.sentence ?? "", when: run.result.start.formatted(.iso8601))
    }

    private func certificates(_ snapshot: Snapshot) -> [CertificateRow] {
        let all = snapshot.probes.compactMap(\.latest).flatMap(\.certificates)
        let byThumbprint = Dictionary(grouping: all) { $0.facts.thumbprint }
        return byThumbprint.values.compactMap { copies in
            guard let first = copies.first else { return nil }
            let days = first.facts.notAfter.timeIntervalSince(Date()) / 86400
            let places = Set(copies.map { $0.server.isEmpty ? $0.source.rawValue : "\($0.server) (\($0.source.rawValue))" })
            return CertificateRow(
                thumbprint: first.facts.thumbprint.description, slot: first.slot.rawValue, copies: places.sorted().joined(separator: ", "),
                notAfter: first.facts.notAfter.formatted(.iso8601), daysLeft: "\(Int(days.rounded(.down)))",
                key: "\(first.facts.keyType) \(first.facts.keyBits)")
        }.sorted { ($0.notAfter, $0.thumbprint) < ($1.notAfter, $1.thumbprint) }
    }
}
