import API
import Certificates
import FoundationEssentials
import Monitoring
import Mustache
import Probing

/// The status page at `/`, rendered from `status.html`.
struct StatusPage: Sendable {
    private let template: MustacheTemplate

    /// Makes control characters printable and escapes values for HTML.
    private struct Escaping: MustacheContentType {
        func escapeText(_ text: String) -> String {
            // By scalar, not by character: `<` followed by a combining mark must still be escaped.
            PrintableText.line(text).unicodeScalars.reduce(into: "") { html, scalar in
                switch scalar {
                case "&": html += "&amp;"
                case "<": html += "&lt;"
                case ">": html += "&gt;"
                case "\"": html += "&quot;"
                case "'": html += "&#39;"
                default: html.unicodeScalars.append(scalar)
                }
            }
        }
    }

    init() throws {
        MustacheContentTypes.register(Escaping(), named: "PAGE")
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

    private struct HealthRow {
        let healthSet: String
        let server: String
        let state: String
        let value: String
        let style: String
        let since: String
    }

    private struct TroubleRow {
        let monitor: String
        let server: String
        let value: String
        let style: String
        let since: String
        let reason: String
        let sentence: String
    }

    private struct View {
        let health: [HealthRow]
        let trouble: [TroubleRow]
        let hasHealth: Bool
        let decisions: [String]
        let started: String
        let cacheCleared: String
        let configuration: String
        let isRefused: Bool
        let diagnostics: [String]
        let warnings: [String]
        let historyProblem: String?
        let leadership: String?
        let isLeadershipBroken: Bool
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

    /// - Parameter leadership: whether this agent runs responders; nil if no lock file decides it.
    func render(_ snapshot: Snapshot, leadership: LeadershipFacts?) -> String {
        let facts = snapshot.agent
        let health = HealthReport(snapshot)
        let overrides = OverrideDocument.all(in: snapshot).map { "\($0.line), by \($0.by)" }
        let maintenance = MaintenanceDocument.all(in: snapshot).map {
            "\($0.component) on \($0.server) is \($0.state): \($0.window), by \($0.by)"
        }
        let view = View(
            health: health.healthSets.map(row), trouble: health.monitors.filter { $0.episodeBegan != nil }.map(row),
            hasHealth: !health.healthSets.isEmpty, decisions: overrides + maintenance,
            started: facts.started.formatted(.iso8601), cacheCleared: facts.cacheCleared.formatted(.iso8601),
            configuration: facts.configurationPath.isEmpty ? "none" : facts.configurationPath,
            isRefused: !facts.lastReloadSucceeded, diagnostics: facts.diagnostics.map(\.description),
            warnings: facts.lastReloadSucceeded ? facts.diagnostics.map(\.description) : [],
            historyProblem: facts.journal.problem, leadership: leadership?.sentence, isLeadershipBroken: leadership?.problem != nil,
            rows: snapshot.probes.map(row),
            certificates: certificates(snapshot),
            absent: snapshot.notDefined.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.why.because)" },
            lists: facts.targetLists.compactMap { fact in fact.problem.map { "\(fact.definition): \($0)" } },
            runs: snapshot.onDemand.map(row), hasRuns: !snapshot.onDemand.isEmpty)
        return template.render(view)
    }

    private func row(_ set: HealthSetDocument) -> HealthRow {
        HealthRow(
            healthSet: set.healthSet, server: set.server, state: set.state.rawValue, value: set.alertValue,
            style: set.alertValue.lowercased(),
            since: set.lastTransitionTime.formatted(.iso8601))
    }

    private func row(_ monitor: MonitorDocument) -> TroubleRow {
        let by = monitor.acknowledgedBy.map { "acknowledged by \($0); " } ?? ""
        let silent = monitor.inactiveSince == nil ? "" : "in maintenance; "
        return TroubleRow(
            monitor: monitor.monitorIdentity, server: monitor.address ?? monitor.server, value: monitor.alertValue,
            style: monitor.alertValue.lowercased(), since: monitor.since.formatted(.iso8601), reason: monitor.reason ?? "",
            sentence: by + silent + (monitor.sentence ?? ""))
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
            let days = first.facts.notAfter.timeIntervalSince(snapshot.taken) / 86400
            let places = Set(copies.map { $0.server.isEmpty ? $0.source.rawValue : "\($0.server) (\($0.source.rawValue))" })
            return CertificateRow(
                thumbprint: first.facts.thumbprint.description, slot: first.slot.rawValue, copies: places.sorted().joined(separator: ", "),
                notAfter: first.facts.notAfter.formatted(.iso8601), daysLeft: "\(Int(days.rounded(.down)))",
                key: "\(first.facts.keyType) \(first.facts.keyBits)")
        }.sorted { ($0.notAfter, $0.thumbprint) < ($1.notAfter, $1.thumbprint) }
    }
}
