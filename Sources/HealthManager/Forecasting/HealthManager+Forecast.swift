import Certificates
package import FoundationEssentials
package import Monitoring
import Probing

extension HealthManager {
    /// The default period of a forecast, in seconds.
    private static let reach: TimeInterval = 2 * 366 * 86400
    private static let rehearsalsAtOnce = 32
    /// There may be a hundred thousand targets: only the earliest dates are evaluated.
    private static let rehearsalLimit = 4000
    private static let rehearsalTimeout: Duration = .seconds(30)

    /// Runs each probe, without side effects, for each date at which a certificate it has seen could change its result.
    ///
    /// - Parameter until: the end of the forecast; nil means two years from now.
    package func forecast(until: Date?) async -> Forecast {
        let now = time.now
        let end = max(now, until ?? now.addingTimeInterval(Self.reach))
        var notes: [String] = []
        var planned: [(key: ProbeKey, date: Date)] = []
        let places = certificatesByPlace()
        for (key, member) in roster.members {
            let seen = places[Site(key)] ?? []
            guard !seen.isEmpty else { continue }
            let shared = key.server.isEmpty ? [] : places[Site.shared] ?? []
            let dates = turns(of: seen.union(shared), thresholds(member.definition)).filter { $0 > now && $0 <= end }
            guard !dates.isEmpty else { continue }
            planned.append((key, now))
            planned += dates.map { (key, $0) }
        }
        planned.sort { ($0.date, $0.key) < ($1.date, $1.key) }
        if planned.count > Self.rehearsalLimit {
            let last = planned[Self.rehearsalLimit - 1].date
            notes.append("there are too many dates to evaluate: events after \(last.formatted(.iso8601)) are not included")
            planned.removeLast(planned.count - Self.rehearsalLimit)
        }
        let unrun = states.values.count { $0.latest == nil }
        if unrun > 0 { notes.append("\(unrun) probes have no result yet: their certificates are not included") }
        let outcomes = await rehearse(planned)
        let events = outcomes.flatMap { ForecastLine.events(of: $0.key, $0.value) }
            .sorted { ($0.date, $0.probe, $0.server, $0.address ?? "") < ($1.date, $1.probe, $1.server, $1.address ?? "") }
        return Forecast(generated: now, until: end, events: events, unreached: unreached(outcomes), notes: notes)
    }

    /// Probes that could not reach or judge their target today, or could not reach it when run for another date. A probe without dates is
    /// judged by its latest result.
    private func unreached(_ outcomes: [ProbeKey: [(date: Date, outcome: Outcome)]]) -> [ForecastGap] {
        let seeing = Set(kinds.kinds.filter { $0.guide.stages.contains { [.tls, .certificate].contains($0) } }.map(\.name))
        return roster.members.sorted { $0.key < $1.key }.compactMap { key, member in
            guard seeing.contains(member.definition.kind) else { return nil }
            let rehearsed = outcomes[key].map { $0.sorted { $0.date < $1.date }.map(\.outcome) }
            let asked = rehearsed ?? [states[key]?.latest?.outcome].compactMap(\.self)
            let today = asked.first?.decisive.flatMap { ForecastLine.isUnreached($0) ? $0 : nil }
            return (today ?? asked.compactMap(\.decisive).first(where: \.reason.isOfTheNetwork)).map { ForecastGap(key, $0) }
        }
    }

    /// Runs every probe once and records the results, for a process without a schedule.
    package func runAll() async {
        let members = roster.members
        await withTaskGroup(of: (ProbeResult?, ProbeDefinition).self) { [runner] group in
            var rest = members.makeIterator()
            func begin() {
                guard let (key, member) = rest.next() else { return }
                group.addTask {
                    let definition = member.definition
                    let result = await runner.run(
                        member.probe, key: key, kind: definition.kind, retries: definition.retries, timeout: definition.timeout)
                    return (result, definition)
                }
            }
            for _ in 0..<Self.rehearsalsAtOnce { begin() }
            for await (result, definition) in group {
                if let result { record(result, generation: currentGeneration, definition: definition) }
                begin()
            }
        }
    }

    private func rehearse(_ planned: [(key: ProbeKey, date: Date)]) async -> [ProbeKey: [(date: Date, outcome: Outcome)]] {
        let members = roster.members
        return await withTaskGroup(of: (ProbeKey, Date, ProbeResult?).self) { [runner] group in
            var outcomes: [ProbeKey: [(date: Date, outcome: Outcome)]] = [:]
            var rest = planned.makeIterator()
            func begin() {
                guard let (key, date) = rest.next(), let member = members[key] else { return }
                group.addTask {
                    let result = await runner.run(
                        member.probe, key: key, kind: member.definition.kind, retries: member.definition.retries,
                        timeout: Self.rehearsalTimeout, at: date, isRehearsal: true)
                    return (key, date, result)
                }
            }
            for _ in 0..<Self.rehearsalsAtOnce { begin() }
            for await (key, date, result) in group {
                if let result { outcomes[key, default: []].append((date, result.outcome)) }
                begin()
            }
            return outcomes
        }
    }

    // MARK: Dates

    /// Where certificates are found: on a server, at a target, or shared by the organization.
    private struct Site: Hashable {
        var server: String
        var target: String?
        var address: String

        static let shared = Site(server: "", target: nil, address: "")

        init(server: String, target: String?, address: String) {
            self.server = server
            self.target = target
            self.address = address
        }

        init(_ key: ProbeKey) { self.init(server: key.server, target: key.identity.target, address: key.address) }
    }

    private struct Span: Hashable {
        var begin: Date
        var end: Date
    }

    private func certificatesByPlace() -> [Site: Set<Span>] {
        var places: [Site: Set<Span>] = [:]
        for state in states.values {
            for observation in state.latest?.outcome.observations ?? [] {
                switch observation {
                case .oauthCertificate(let copy):
                    let span = Span(begin: copy.facts.notBefore, end: copy.facts.notAfter)
                    places[Site(state.key), default: []].insert(span)
                    if copy.server.isEmpty { places[Site.shared, default: []].insert(span) }
                case .peerCertificate(_, _, _, let facts):
                    places[Site(state.key), default: []].insert(Span(begin: facts.notBefore, end: facts.notAfter))
                default: break
                }
            }
        }
        return places
    }

    /// The thresholds of a definition: those of the configuration, overridden by its own options.
    private func thresholds(_ definition: ProbeDefinition) -> Thresholds {
        var thresholds = plan.configuration.organization.thresholds
        for (key, value) in definition.options.entries {
            guard case .scalar(let text, _) = value.value, let duration = DurationText.parse(text) else { continue }
            if key == "warnBelow" { thresholds.warnBelow = duration }
            if key == "failBelow" { thresholds.failBelow = duration }
        }
        return thresholds
    }

    /// The dates at which a certificate becomes valid, warns, fails and expires, and the second after each.
    private func turns(of spans: Set<Span>, _ thresholds: Thresholds) -> Set<Date> {
        var dates: Set<Date> = []
        for span in spans {
            let lifetime = Duration.seconds(span.end.timeIntervalSince(span.begin))
            for date in [
                span.begin, span.end, span.end.addingTimeInterval(-thresholds.warning(lifetime: lifetime).seconds),
                span.end.addingTimeInterval(-thresholds.failure(lifetime: lifetime).seconds),
            ] {
                // A threshold is exceeded once less time than that is left: one second later, the resolution of certificate dates.
                let second = Date(timeIntervalSince1970: date.timeIntervalSince1970.rounded(.down))
                dates.formUnion([second, second.addingTimeInterval(1)])
            }
        }
        return dates
    }
}
