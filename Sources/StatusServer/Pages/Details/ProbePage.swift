import Exposition
import FoundationEssentials
import Monitoring
import Probing

/// The page of one probe at `/probes/HEALTHSET/NAME?server=&target=&address=`.
struct ProbePage: Sendable {
    struct Fact: Sendable {
        let fact: String
        let values: [String]

        init(_ fact: String, _ values: String...) { (self.fact, self.values) = (fact, values) }
        init(_ fact: String, all values: [String]) { (self.fact, self.values) = (fact, values) }
    }

    struct Window: Sendable {
        let label: String
        let href: String
        let isCurrent: Bool
    }

    let frame: PageFrame
    let state: String
    let name: String
    let place: String?
    let result: String
    let ranAt: PageTime?
    let took: String?
    let reason: String?
    let sentence: String?
    let nextRun: PageTime?
    let hasOrders: Bool
    let orders: [OrderButton]
    let banners: [Banner]
    let run: RunDetails
    let remedy: RemedyText?
    let strip: String
    let uptime: [ProbeRow.Share]
    let historyProblem: String?
    let windows: [Window]
    let plot: String?
    let hasTransitions: Bool
    let transitions: [ProbeRecords.Transition]
    let hasFailures: Bool
    let failures: [ProbeRecords.Failure]
    let facts: [Fact]
    let checks: [String]
    let commands: [String]
    let hasOthers: Bool
    let others: [String]
    let hasCmdlets: Bool
    let cmdlets: [String]

    /// - Parameters:
    ///   - written: the definition without overrides; nil if that is not known.
    ///   - user: who has logged in; nil for nobody.
    init(
        _ probe: ProbeState, written: ProbeDefinition?, in snapshot: Snapshot, _ records: ProbeRecords, window: PlotWindow,
        history: RunHistory,
        build: BuildInformation,
        templates: PageTemplates, user: String?
    ) {
        let now = snapshot.taken
        let latest = probe.latest
        let standing = Standing(latest)
        name = ProbeWords.name(probe.key.identity)
        place = ProbeWords.place(probe.key)
        let title = "\(latest == nil ? "not run yet" : standing.label): \(probe.key.identity.name)" + (place.map { " on \($0)" } ?? "")
        frame = PageFrame(title: title, root: "../../", standing: standing, snapshot: snapshot, build: build, user: user)
        state = standing.rawValue
        result = latest?.type.name ?? "Not run yet"
        ranAt = latest.map { PageTime($0.end, at: now) }
        took = latest.map { ProbeRow.milliseconds($0.duration) }
        reason = latest?.decisive?.reason.rawValue
        sentence = latest?.decisive?.sentence
        nextRun = probe.nextRun.map { PageTime(planned: $0, at: now) }
        let isInactive = snapshot.inactive(probe.key.identity.healthSet, server: probe.key.server) != nil
        orders = OrderButton.all(
            id: "probe", about: probe.key.identity.name, probe.key, Trouble.all(in: probe), isInactive: isInactive, by: user)
        hasOrders = !orders.isEmpty
        banners = Banner.about(probe, in: snapshot)
        run = RunDetails("Stages of the last run", latest, root: frame.root)
        remedy = latest?.decisive.map { RemedyText($0.remedy(for: probe.key)) }
        strip = RunStrip.svg(history.runs(of: probe.key))
        uptime = ProbeRow.uptime(history.shares(of: probe.key))
        historyProblem = records.problem
        let path = "?" + (ProbeWords.path(probe.key).split(separator: "?").dropFirst().first.map { $0 + "&" } ?? "") + "window="
        windows = PlotWindow.allCases.map { Window(label: $0.label, href: path + $0.rawValue + "#history", isCurrent: $0 == window) }
        plot = LatencyPlot(records.results, window, at: now).map { templates.render($0, "plot") }
        transitions = records.transitions(at: now)
        hasTransitions = !transitions.isEmpty
        failures = records.failures(at: now, kept: history.failed(probe.key))
        hasFailures = !failures.isEmpty
        facts = DefinitionFacts.all(probe, written: written, overrides: snapshot.overrides(of: probe), at: now)
        checks = probe.definition.kind.guide.checks
        let command = ProbeCommands(probe, CommandText(snapshot.agent))
        commands = command.own
        others = command.others
        hasOthers = !others.isEmpty
        cmdlets = command.cmdlets
        hasCmdlets = !cmdlets.isEmpty
    }
}

extension Banner {
    /// The overrides and the maintenance of one probe.
    static func about(_ probe: ProbeState, in snapshot: Snapshot) -> [Banner] {
        let key = probe.key
        let maintenance = snapshot.maintenance.filter { $0.covers(healthSet: key.identity.healthSet, server: key.server) }
        return all(overrides: snapshot.overrides(of: probe), maintenance: maintenance, at: snapshot.taken)
    }
}

extension Snapshot {
    /// The overrides in force of a probe and its monitors.
    fileprivate func overrides(of probe: ProbeState) -> [Override] {
        overrides.filter { override in
            (override.server == nil || override.server?.lowercased() == probe.key.server.lowercased())
                && (probe.key.identity.isMeant(by: override.identity)
                    || probe.monitors.contains { $0.key.identity.isMeant(by: override.identity) })
        }
    }
}
