import ExchangeExport
import FoundationEssentials
import Outbound
import Probing

struct HybridReadinessProbe: Probe {
    static let stages: [Stage] = [.features, .application, .override, .ews, .graph]
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
        guard let overrides = snapshot.settingOverrides else {
            log.find(unknown(.override, "Get-SettingOverride is not in the snapshot"))
            return log.finished(Self.stages)
        }
        let servers = snapshot.servers.filter { $0.roles.map { $0.contains { $0.lowercased() == "mailbox" } } ?? true }
        guard !servers.isEmpty else {
            log.find(unknown(.override, "no Mailbox server is in the snapshot"))
            return log.finished(Self.stages)
        }
        override(overrides, on: servers, into: &log)
        guard !log.hasFailed else { return log.finished(Self.stages) }
        let isRouted = graph(overrides, on: servers, at: context.date, into: &log)
        ews(application, isRouted: isRouted, at: context.date, into: &log)
        log.leaveOut("443 to Microsoft Graph from every server")
        return log.finished(Self.stages)
    }

    // MARK: features, application, override

    /// - Returns: false if nothing more is needed, or if it is not known.
    private func usesRichFeatures(_ snapshot: ExchangeSnapshot, into log: inout RunRecorder) -> Bool {
        guard let isUsed = snapshot.usesRichFeatures else {
            log.find(unknown(.features, "Get-HybridConfiguration is not in the snapshot"))
            return false
        }
        let features = snapshot.hybridConfiguration?.features ?? []
        log.stage(.features, .passed, isUsed ? features.joined(separator: ", ") : "no feature that calls Exchange Online")
        return isUsed
    }

    /// - Returns: the dedicated application's ID; nil if there is none.
    private func application(_ snapshot: ExchangeSnapshot, at date: Date, into log: inout RunRecorder) -> String? {
        guard snapshot.authServers != nil else {
            log.find(unknown(.application, "Get-AuthServer is not in the snapshot"))
            return nil
        }
        let ids = snapshot.applicationIDs(of: place.organization)
        if ids.count > 1 {
            log.find(mismatch("enabled auth servers of type AzureAD name several applications: \(ids.joined(separator: ", "))"))
            return nil
        }
        if let id = ids.first {
            if let other = place.organization.otherApplicationID {
                log.find(mismatch("the auth server names the application \(id), but hybridApp.applicationId in agent.yaml is \(other)"))
            }
            log.stage(.application, .passed, id)
            return id
        }
        guard let refused = known.events["shared_principal_refused"] else {
            log.leaveOut("since when the shared service principal is refused: shared_principal_refused is not in exchange/known-dates.yaml")
            return nil
        }
        let isRefused = refused.date <= date
        log.find(
            Finding(
                isRefused ? .failure : .warning, stage: .application, reason: .sharedPrincipalBlocked,
                sentence:
                    "no enabled auth server names a dedicated application: hybrid calls use the shared service principal, which is refused \(isRefused ? "since" : "from") \(Self.day(refused.date))"
            ))
        return nil
    }

    private func mismatch(_ sentence: String) -> Finding {
        Finding(.failure, stage: .application, reason: .configMismatch, sentence: sentence)
    }

    private func override(
        _ overrides: [ExchangeSnapshot.SettingOverride], on servers: [ExchangeSnapshot.Server], into log: inout RunRecorder
    ) {
        // One that turns it off counts as well: which of two is in force is not certain.
        let found = overrides.filter {
            $0.component.lowercased() == "global" && $0.section.lowercased() == "exchangeonpremasthirdpartyappid"
        }
        let section = "component Global, section ExchangeOnpremAsThirdPartyAppId"
        guard found.contains(where: \.isEnabling) else {
            return log.find(
                Finding(
                    .failure, stage: .override, reason: .overrideMissing,
                    sentence: "no setting override turns the dedicated application on (\(section))"))
        }
        let counts = servers.map { server in (server.name, found.filter { $0.applies(to: server) }.map(\.name)) }
        let without = counts.filter(\.1.isEmpty).map(\.0)
        if !without.isEmpty {
            let names = found.map(\.name).joined(separator: ", ")
            log.find(
                Finding(
                    .failure, stage: .override, reason: .overrideMissing,
                    sentence: "the setting override \(names) (\(section)) does not apply to \(without.joined(separator: ", "))"))
        }
        if let doubled = counts.first(where: { $0.1.count > 1 }) {
            log.find(
                Finding(
                    .failure, stage: .override, reason: .overrideDoubled,
                    sentence:
                        "several setting overrides for the dedicated application apply to \(doubled.0): \(doubled.1.joined(separator: ", "))"
                ))
        }
        log.stage(.override, .passed, found[0].name)
    }

    // MARK: ews, graph

    /// - Returns: whether the Graph route is on for all servers, and all have it as far as is known.
    private func graph(
        _ overrides: [ExchangeSnapshot.SettingOverride], on servers: [ExchangeSnapshot.Server], at date: Date, into log: inout RunRecorder
    ) -> Bool {
        let routes = overrides.filter(\.isGraphRoute)
        let without = servers.filter { server in !routes.contains { $0.applies(to: server) } }.map(\.name)
        guard without.isEmpty, !routes.isEmpty else {
            guard let end = known.events["ews_ended"] else {
                log.leaveOut("when EWS ends: ews_ended is not in exchange/known-dates.yaml")
                return false
            }
            guard date >= end.date.addingTimeInterval(-Self.notice) else {
                log.stage(
                    .graph, .passed, "not on for \(routes.isEmpty ? "any server" : without.joined(separator: ", ")), and not needed yet")
                return false
            }
            let isOver = date >= end.date
            let whose = routes.isEmpty ? "" : " for \(without.joined(separator: ", "))"
            log.find(
                Finding(
                    isOver ? .failure : .warning, stage: .graph, reason: .graphRouteMissing,
                    sentence:
                        "\(end.what) on \(Self.day(end.date)), and no setting override turns the Graph route on\(whose) (RouteThroughMSGraph)"
                ))
            return false
        }
        if !known.graphPermissions.isEmpty { log.leaveOut("consent for \(known.graphPermissions.joined(separator: ", "))") }
        let unread = servers.filter { $0.version.map { Self.numbers($0).isEmpty } ?? true }.map(\.name)
        guard unread.isEmpty else {
            log.find(unknown(.graph, "the builds of \(unread.joined(separator: ", ")) are not known"))
            return false
        }
        let lowest = ["subscription_edition", "graph_route"].compactMap { known.builds[$0] }
        let old = servers.filter { server in server.version.map { version in lowest.contains { Self.isOlder(version, than: $0) } } ?? false
        }
        guard old.isEmpty else {
            let list = old.map { "\($0.name) (\($0.version ?? ""))" }.joined(separator: ", ")
            log.find(
                Finding(
                    .failure, stage: .graph, reason: .buildTooOld,
                    sentence: "the Graph route is on, but needs build \(lowest.joined(separator: ", ")) or later: \(list)"))
            return false
        }
        if known.builds["graph_route"] == nil {
            log.leaveOut("whether the builds have the Graph route: give builds.graph_route in exchange/known-dates.yaml")
        }
        log.stage(.graph, .passed, "on")
        return true
    }

    private func ews(_ application: String, isRouted: Bool, at date: Date, into log: inout RunRecorder) {
        guard !isRouted else { return log.stage(.ews, .passed, "not needed: the Graph route is on") }
        guard let restricted = known.events["ews_restricted"] else {
            return log.leaveOut("since when EWS is restricted: ews_restricted is not in exchange/known-dates.yaml")
        }
        guard restricted.date <= date else {
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

    /// Empty unless the build is numbers with dots between them.
    private static func numbers(_ build: String) -> [Int] {
        let parts = build.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        return parts.contains(nil) ? [] : parts.compactMap(\.self)
    }
}

extension ExchangeSnapshot.SettingOverride {
    fileprivate var isGraphRoute: Bool {
        section.lowercased() == "routethroughmsgraph" && isEnabling
            || (parameters ?? []).contains { $0.lowercased().filter { !$0.isWhitespace } == "routethroughmsgraph=true" }
    }

    /// Whether it is in force on a server: an override may name servers, and versions from and up to which it applies.
    fileprivate func applies(to server: ExchangeSnapshot.Server) -> Bool {
        let names = [server.name.lowercased(), server.name.lowercased().split(separator: ".").first.map(String.init) ?? ""]
        guard let servers, !servers.isEmpty else { return isInRange(server.version) }
        return servers.contains { names.contains($0.lowercased()) } && isInRange(server.version)
    }

    private func isInRange(_ version: String?) -> Bool {
        guard let version else { return true }
        if let minimumVersion, HybridReadinessProbe.isOlder(version, than: minimumVersion) { return false }
        if let maximumVersion, !maximumVersion.isEmpty, HybridReadinessProbe.isOlder(maximumVersion, than: version) { return false }
        return true
    }

    /// Whether it sets `Enabled` to true.
    fileprivate var isEnabling: Bool {
        (parameters ?? []).contains { $0.lowercased().filter { !$0.isWhitespace } == "enabled=true" }
    }
}
