import ExchangeExport
import FoundationEssentials
import Outbound
import Probing

struct HybridReadinessProbe: Probe {
    static let stages: [Stage] = [.features, .application, .override, .ews, .graph]
    private static let richFeatures: Set<String> = ["freebusy", "mailtips", "photos"]
    /// How long before EWS ends a missing Graph route is a warning.
    private static let notice: TimeInterval = 180 * 86400

    let place: Place
    /// Nil if none could be read.
    let snapshot: ExchangeSnapshot?

    private var known: KnownDates { place.organization.knownDates }

    var turns: [Date] {
        known.events.values.map(\.date) + [known.events["ews_ended"]?.date.addingTimeInterval(-Self.notice)].compactMap(\.self)
    }

    func run(_ context: RunContext) async -> Outcome {
        var log = RunRecorder()
        guard let snapshot else { return log.finished(Self.stages) }
        guard usesRichFeatures(snapshot, into: &log) else { return log.finished(Self.stages) }
        let application = application(snapshot, at: context.date, into: &log)
        guard !log.hasFailed, let application else { return log.finished(Self.stages) }
        override(snapshot, into: &log)
        guard !log.hasFailed else { return log.finished(Self.stages) }
        let isRouted = graph(snapshot, at: context.date, into: &log)
        ews(application, isRouted: isRouted, at: context.date, into: &log)
        log.leaveOut("443 to Microsoft Graph from every server")
        return log.finished(Self.stages)
    }

    // MARK: features, application, override

    /// - Returns: false if nothing more is needed, or if it is not known.
    private func usesRichFeatures(_ snapshot: ExchangeSnapshot, into log: inout RunRecorder) -> Bool {
        guard let hybrid = snapshot.hybridConfiguration else {
            if let error = snapshot.error(of: "Get-HybridConfiguration") {
                log.find(unknown(.features, "Get-HybridConfiguration is not in the snapshot (\(error.kind.rawValue))"))
            } else {
                log.stage(.features, .passed, "no hybrid configuration")
            }
            return false
        }
        let used = (hybrid.features ?? []).filter { Self.richFeatures.contains($0.lowercased()) }
        log.stage(.features, .passed, used.isEmpty ? "no feature that calls Exchange Online" : used.joined(separator: ", "))
        return !used.isEmpty
    }

    /// - Returns: the dedicated application's ID; nil if there is none.
    private func application(_ snapshot: ExchangeSnapshot, at date: Date, into log: inout RunRecorder) -> String? {
        guard let servers = snapshot.authServers else {
            log.find(unknown(.application, "Get-AuthServer is not in the snapshot"))
            return nil
        }
        let ids = Set(
            servers.filter { $0.enabled && $0.type.lowercased() == "azuread" }.compactMap { $0.applicationId?.lowercased() }.filter {
                !$0.isEmpty
            })
        guard ids.count <= 1 else {
            log.find(
                Finding(
                    .failure, stage: .application, reason: .configMismatch,
                    sentence: "enabled auth servers of type AzureAD name several applications: \(ids.sorted().joined(separator: ", "))"))
            return nil
        }
        if let id = ids.first {
            log.stage(.application, .passed, id)
            return id
        }
        let refused = known.events["shared_principal_refused"]
        let isRefused = refused.map { $0.date <= date } ?? false
        let since = refused.map { ", which is refused \(isRefused ? "since" : "from") \(Self.day($0.date))" } ?? ""
        log.find(
            Finding(
                isRefused ? .failure : .warning, stage: .application, reason: .sharedPrincipalBlocked,
                sentence: "no enabled auth server names a dedicated application: hybrid calls use the shared service principal\(since)"))
        return nil
    }

    private func override(_ snapshot: ExchangeSnapshot, into log: inout RunRecorder) {
        guard let overrides = snapshot.settingOverrides else {
            return log.find(unknown(.override, "Get-SettingOverride is not in the snapshot"))
        }
        let found = overrides.filter {
            $0.component.lowercased() == "global" && $0.section.lowercased() == "exchangeonpremasthirdpartyappid" && $0.isEnabling
        }
        if found.isEmpty {
            log.find(
                Finding(
                    .failure, stage: .override, reason: .overrideMissing,
                    sentence:
                        "no setting override turns the dedicated application on (component Global, section ExchangeOnpremAsThirdPartyAppId)"
                ))
        } else if found.count > 1 {
            log.find(
                Finding(
                    .failure, stage: .override, reason: .overrideDoubled,
                    sentence:
                        "\(found.count) setting overrides turn the dedicated application on: \(found.map(\.name).joined(separator: ", "))"))
        } else {
            log.stage(.override, .passed, found[0].name)
        }
    }

    // MARK: ews, graph

    /// - Returns: whether the Graph route is on, for servers that have it.
    private func graph(_ snapshot: ExchangeSnapshot, at date: Date, into log: inout RunRecorder) -> Bool {
        let isOn = (snapshot.settingOverrides ?? []).contains { override in
            override.isEnabling
                && ([override.section, override.name] + (override.parameters ?? [])).contains {
                    $0.lowercased().contains("routethroughmsgraph")
                }
        }
        guard isOn else {
            guard let end = known.events["ews_ended"] else { return false }
            if date >= end.date.addingTimeInterval(-Self.notice) {
                let isOver = date >= end.date
                log.find(
                    Finding(
                        isOver ? .failure : .warning, stage: .graph, reason: .graphRouteMissing,
                        sentence:
                            "\(end.what) \(isOver ? "at" : "on") \(Self.day(end.date)), and no setting override turns the Graph route on (RouteThroughMSGraph)"
                    ))
            } else {
                log.stage(.graph, .passed, "not on; needed from \(Self.day(end.date))")
            }
            return false
        }
        log.leaveOut("consent for \(known.graphPermissions.joined(separator: ", "))")
        guard let minimum = known.builds["graph_route"] else { return true }
        let old = snapshot.servers.filter { server in
            server.version.map { Self.isOlder($0, than: minimum) } ?? false
        }
        guard old.isEmpty else {
            let list = old.map { "\($0.name) (\($0.version ?? ""))" }.joined(separator: ", ")
            log.find(
                Finding(
                    .failure, stage: .graph, reason: .buildTooOld,
                    sentence: "the Graph route is on, but needs build \(minimum) or later: \(list)"))
            return false
        }
        log.stage(.graph, .passed, "on")
        return true
    }

    private func ews(_ application: String, isRouted: Bool, at date: Date, into log: inout RunRecorder) {
        guard !isRouted else { return log.stage(.ews, .passed, "not needed: the Graph route is on") }
        guard let restricted = known.events["ews_restricted"], restricted.date <= date else {
            return log.stage(.ews, .passed, "not restricted yet")
        }
        guard let online = place.organization.exchangeOnline else {
            return log.leaveOut("whether the tenant allows EWS (give exchangeOnline: { ewsEnabled, ewsAllowedAppIds })")
        }
        let since = "\(restricted.what), since \(Self.day(restricted.date))"
        if !online.isEWSEnabled {
            log.find(
                Finding(.failure, stage: .ews, reason: .ewsBlocked, sentence: "\(since); EwsEnabled of the tenant is not true"))
        } else if !online.allowedApplicationIDs.contains(where: { $0.lowercased() == application }) {
            log.find(
                Finding(
                    .failure, stage: .ews, reason: .ewsBlocked,
                    sentence: "\(since); the dedicated application \(application) is not in EwsAllowedAppIDs"))
        } else {
            log.stage(.ews, .passed, "allowed for \(application)")
        }
    }

    private static func day(_ date: Date) -> String { String(date.formatted(.iso8601).prefix(10)) }

    private func unknown(_ stage: Stage, _ sentence: String) -> Finding {
        Finding(.unknown, stage: stage, reason: .snapshotIncomplete, sentence: sentence, cause: place.watcher(ExchangeSnapshotKind.self))
    }

    /// Compares builds number by number; missing numbers of the minimum count as 0.
    static func isOlder(_ build: String, than minimum: String) -> Bool {
        let (a, b) = (numbers(build), numbers(minimum))
        guard !a.isEmpty else { return false }
        for index in 0..<max(a.count, b.count) {
            let (left, right) = (index < a.count ? a[index] : 0, index < b.count ? b[index] : 0)
            if left != right { return left < right }
        }
        return false
    }

    private static func numbers(_ build: String) -> [Int] { build.split(separator: ".").compactMap { Int($0) } }
}

extension ExchangeSnapshot {
    /// Why a cmdlet's result is not in the snapshot; nil if it is not reported.
    fileprivate func error(of cmdlet: String) -> CmdletError? {
        (errors ?? []).first { $0.cmdlet.lowercased() == cmdlet.lowercased() }
    }
}

extension ExchangeSnapshot.SettingOverride {
    /// Whether it sets `Enabled` to true.
    fileprivate var isEnabling: Bool {
        (parameters ?? []).contains { $0.lowercased().filter { !$0.isWhitespace }.hasPrefix("enabled=true") }
    }
}
