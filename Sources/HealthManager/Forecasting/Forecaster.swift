import Concurrency
package import FoundationEssentials
package import Monitoring
import Probing

/// Predicts how results will change as certificates age.
package struct Forecaster: Sendable {
    /// The default period of a forecast, in seconds.
    private static let reach: TimeInterval = 2 * 366 * 86400
    private static let rehearsalsAtOnce = 32
    /// There may be a hundred thousand targets: only the earliest dates are evaluated.
    private static let rehearsalLimit = 4000
    private static let rehearsalTimeout: Duration = .seconds(30)

    private let manager: HealthManager

    package init(_ manager: HealthManager) { self.manager = manager }

    private struct Rehearsal: Sendable {
        var key: ProbeKey
        var date: Date
    }

    private typealias Outcomes = [ProbeKey: [(date: Date, outcome: Outcome)]]

    /// Runs each probe, without side effects, today and for each date at which a certificate it sees could change its result.
    ///
    /// - Parameter until: the end of the forecast; nil means two years from now.
    package func forecast(until: Date?) async -> Forecast {
        let (state, snapshot) = (await manager.state, await manager.snapshot())
        let now = state.services.time.now
        let end = max(now, until ?? now.addingTimeInterval(Self.reach))
        var notes: [String] = []
        // What was cached may be from before a reload: the configured certificate may be another one by now.
        var probes = probesToRun(state, snapshot)
        if probes.count > Self.rehearsalLimit {
            notes.append("there are too many probes to evaluate: \(probes.count - Self.rehearsalLimit) are judged by their latest result")
            probes.removeLast(probes.count - Self.rehearsalLimit)
        }
        let today = await rehearse(probes.map { Rehearsal(key: $0, date: now) }, state)
        var planned = rehearsals(state, validities(snapshot, today), after: now, until: end)
        if planned.count > Self.rehearsalLimit {
            // Those of targets are left out first.
            let own = planned.filter { $0.key.identity.target == nil }
            planned = Array((own + planned.filter { $0.key.identity.target != nil }).prefix(Self.rehearsalLimit))
            if let last = planned.last {
                let whose = last.key.identity.target == nil ? "" : " of targets"
                notes.append(
                    "there are too many dates to evaluate: events\(whose) from \(last.date.formatted(.iso8601)) on are not all included")
            }
        }
        let unrun = snapshot.probes.count { $0.latest == nil && today[$0.key] == nil }
        if unrun > 0 { notes.append("\(unrun) probes have no result yet: their certificates are not included") }
        let outcomes = await rehearse(planned, state).merging(today) { $1 + $0 }
        let events = Self.sorted(outcomes.flatMap { ForecastLine.events(of: $0.key, $0.value) })
        let problems = snapshot.probes.flatMap { probe in
            let latest = probe.latest.map { (date: $0.end, outcome: $0.outcome) }
            return (today[probe.key]?.first ?? latest).map { ForecastLine.problems(of: probe.key, $0.outcome, at: $0.date) } ?? []
        }
        return Forecast(
            generated: now, until: end, today: Self.sorted(problems), events: events, unreached: unreached(outcomes, state, snapshot),
            notes: notes)
    }

    private static func sorted(_ events: [ForecastEvent]) -> [ForecastEvent] {
        events.sorted { left, right in
            let (a, b) = ((left.date, left.probe, left.place), (right.date, right.probe, right.place))
            return a == b ? (left.thumbprint ?? "", left.reason ?? "") < (right.thumbprint ?? "", right.reason ?? "") : a < b
        }
    }

    /// All probes of the organization and its servers first; then those of targets that have seen certificates.
    private func probesToRun(_ state: ManagerState, _ snapshot: Snapshot) -> [ProbeKey] {
        let seen = validities(snapshot, [:])
        return state.roster.members.filter { key, member in
            key.identity.target == nil || Self.changesWithTime(member.definition) && seen[Place(key)]?.isEmpty == false
        }.map(\.key).sorted { left, right in
            let (a, b) = (left.identity.target == nil, right.identity.target == nil)
            return a == b ? left < right : a
        }
    }

    private static func changesWithTime(_ definition: ProbeDefinition) -> Bool {
        definition.kind.guide.stages.contains { [.tls, .file, .certificate, .token, .graph].contains($0) }
    }

    /// Runs every probe once and records the results, for a process without a schedule.
    package func runAll() async {
        let state = await manager.state
        _ = await Array(state.roster.members).concurrentMap(atMost: Self.rehearsalsAtOnce) { key, member in
            let definition = member.definition
            let ended = await state.services.runner.end(
                member.probe, key: key, kind: definition.kind.name, retries: definition.retries, timeout: definition.timeout)
            if let ended { await manager.record(ended, generation: state.generation, definition: definition) }
        }
    }

    /// One run for each probe at each date at which its verdict could turn. Sorted by date and key.
    private func rehearsals(
        _ state: ManagerState, _ seen: [Place: Set<Validity>], after now: Date, until end: Date
    ) -> [Rehearsal] {
        var planned: [Rehearsal] = []
        for (key, member) in state.roster.members {
            let own = seen[Place(key)] ?? []
            let shared = key.server.isEmpty || own.isEmpty ? [] : seen[.shared] ?? []
            let turns = (member.probe.turns + own.union(shared).flatMap { member.probe.turns(with: $0) }).flatMap(Self.seconds)
            planned += Set(turns).filter { $0 > now && $0 <= end }.map { Rehearsal(key: key, date: $0) }
        }
        return planned.sorted { ($0.date, $0.key) < ($1.date, $1.key) }
    }

    /// Before and after a date. A threshold is exceeded once less time than that is left: one second later, the resolution of certificates.
    private static func seconds(around date: Date) -> [Date] {
        let second = Date(timeIntervalSince1970: date.timeIntervalSince1970.rounded(.down))
        return [second, second.addingTimeInterval(1)]
    }

    private func rehearse(_ planned: [Rehearsal], _ state: ManagerState) async -> Outcomes {
        let runs = await planned.concurrentMap(atMost: Self.rehearsalsAtOnce) { run -> (Rehearsal, Outcome)? in
            guard let member = state.roster.members[run.key] else { return nil }
            let definition = member.definition
            let result = await state.services.runner.run(
                member.probe, key: run.key, kind: definition.kind.name, retries: definition.retries, timeout: Self.rehearsalTimeout,
                at: run.date, isRehearsal: true)
            return result.map { (run, $0.outcome) }
        }
        return runs.compactMap(\.self).reduce(into: [:]) { $0[$1.0.key, default: []].append(($1.0.date, $1.1)) }
    }

    /// Probes that could not reach or judge their target today, or could not reach it when run for another date. A probe that was not run
    /// for the forecast is judged by its latest result.
    private func unreached(_ outcomes: Outcomes, _ state: ManagerState, _ snapshot: Snapshot) -> [ForecastGap] {
        snapshot.probes.compactMap { probe in
            guard Self.changesWithTime(probe.definition) else { return nil }
            let rehearsed = outcomes[probe.key].map { $0.sorted { $0.date < $1.date }.map(\.outcome) }
            let asked = rehearsed ?? [probe.latest?.outcome].compactMap(\.self)
            let today = asked.first?.decisive.flatMap { ForecastLine.isUnreached($0) ? $0 : nil }
            return (today ?? asked.compactMap(\.decisive).first(where: \.reason.isOfTheNetwork)).map { ForecastGap(probe.key, $0) }
        }
    }

    // MARK: Certificates

    /// Where certificates are found: on a server, at a target, or shared by the organization.
    private struct Place: Hashable {
        var site: ProbeKey.Site
        var target: String?

        static let shared = Place(site: .organization)

        init(_ key: ProbeKey) { self.init(site: key.site, target: key.identity.target) }

        init(site: ProbeKey.Site, target: String? = nil) {
            self.site = site
            self.target = target
        }
    }

    /// Of the certificates seen today; where none were seen, of those seen last.
    private func validities(_ snapshot: Snapshot, _ today: Outcomes) -> [Place: Set<Validity>] {
        var places: [Place: Set<Validity>] = [:]
        for probe in snapshot.probes {
            var seen = today[probe.key]?.first?.outcome.observations.compactMap(\.validity) ?? []
            if seen.isEmpty { seen = probe.latest?.outcome.observations.compactMap(\.validity) ?? [] }
            for validity in seen {
                places[Place(probe.key), default: []].insert(validity)
                if validity.isShared { places[.shared, default: []].insert(validity) }
            }
        }
        return places
    }
}
