import FoundationEssentials
import TestSupport
import Testing

@testable import HealthManager
@testable import Monitoring
@testable import Probing

@Suite struct ProbeCacheTests {
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)
    private static let location = SourceLocation(path: "test.yaml")

    private var cache = ProbeCache(restored: [], at: start)

    private static func key(_ name: String = "Probe", _ server: String = "mbx01") -> ProbeKey {
        ProbeKey(identity: ProbeIdentity(healthSet: "Mail", name: name), site: .server(server))
    }

    private static func definition(_ name: String = "Probe", every: Int = 10, failures: Int? = 1) -> ProbeDefinition {
        ProbeDefinition(
            identity: ProbeIdentity(healthSet: "Mail", name: name), kind: StubKind().configured, summary: "",
            scope: .server(role: .mailbox),
            every: .seconds(every), timeout: .seconds(5),
            monitors: failures.map { [MonitorDefinition(name: name + "Monitor", rule: .consecutiveFailures($0))] } ?? [], location: location
        )
    }

    private static func result(_ key: ProbeKey = key(), fails: Bool, cause: ProbeIdentity? = nil) -> ProbeResult {
        var outcome = Outcome()
        if fails {
            outcome.findings = [Finding(.failure, stage: .connect, reason: .connectRefused, sentence: "nobody listens", cause: cause)]
        }
        return ProbeResult(
            key: key, kind: "test", start: start, end: start, duration: .zero, type: fails ? .failed : .succeeded, outcome: outcome)
    }

    private static func at(_ seconds: Int) -> Moment { Moment(elapsed: .seconds(seconds), date: start.addingTimeInterval(Double(seconds))) }

    /// Each change in a word or two.
    private static func words(_ changes: [CacheChange]) -> [String] {
        changes.map { change in
            switch change {
            case .adopted: "adopted"
            case .updated(let state):
                ["updated", state.latest?.type.name ?? "without result"].joined(separator: " ")
                    + state.monitors.map { ", " + $0.state.name }.joined()
            case .ran(let result): "ran \(result.type.name)"
            case .moved(let transition): "moved \(transition.before.name) to \(transition.status.state.name)"
            case .escalated: "escalated"
            case .decided: "decided"
            case .expired: "expired"
            case .removed: "removed"
            }
        }
    }

    @Test("a result that changes no monitor is published as ran, then as the probe's new state")
    mutating
        func unchanged()
    {
        let definition = Self.definition(failures: 2)
        #expect(Self.words(cache.begin(Self.key(), definition, runs: RunCounts(), at: Self.at(0))) == ["updated without result, Unknown"])
        #expect(
            Self.words(cache.record(Self.result(fails: false), of: definition, at: Self.at(1))) == [
                "ran Succeeded", "moved Unknown to Healthy", "updated Succeeded, Healthy",
            ])
        #expect(
            Self.words(cache.record(Self.result(fails: true), of: definition, at: Self.at(2))) == ["ran Failed", "updated Failed, Healthy"])
    }

    @Test("a result that changes a monitor is published as ran, the monitor's change, and the state that has both")
    mutating
        func changed()
    {
        let definition = Self.definition()
        _ = cache.begin(Self.key(), definition, runs: RunCounts(), at: Self.at(0))
        #expect(
            Self.words(cache.record(Self.result(fails: true), of: definition, at: Self.at(1))) == [
                "ran Failed", "moved Unknown to Degraded", "updated Failed, Degraded",
            ])
        #expect(
            Self.words(cache.record(Self.result(fails: false), of: definition, at: Self.at(2))) == [
                "ran Succeeded", "moved Degraded to Healthy", "updated Succeeded, Healthy",
            ])
        #expect(cache[Self.key()]?.runs[.failed] == 1 && cache[Self.key()]?.runs[.succeeded] == 1)
    }

    @Test("a monitor that becomes Unhealthy by the passing of time changes at that time, and the probe's state follows it")
    mutating func time() {
        let definition = Self.definition()
        _ = cache.begin(Self.key(), definition, runs: RunCounts(), at: Self.at(0))
        #expect(cache.nextChange == nil)
        _ = cache.record(Self.result(fails: true), of: definition, at: Self.at(3))
        #expect(cache.nextChange == .seconds(63))
        #expect(Self.words(cache.advance(to: Self.at(62))) == [])
        #expect(Self.words(cache.advance(to: Self.at(63))) == ["moved Degraded to Unhealthy", "updated Failed, Unhealthy"])
        #expect(cache.nextChange == nil)
    }

    @Test("an Unhealthy episode is escalated once, not during maintenance, and afterwards if it is still open")
    mutating
        func escalation()
    {
        let definition = Self.definition()
        let maintenance = Maintenance(
            server: "mbx01", component: "Mail", requester: "Maintenance",
            window: .once(from: Self.start, until: Self.start.addingTimeInterval(100)), by: "test", at: Self.start)
        let decisions = DecisionBook(maintenance: [maintenance], version: "1")
        _ = cache.begin(Self.key(), definition, runs: RunCounts(), at: Self.at(0))
        _ = cache.record(Self.result(fails: true), of: definition, at: Self.at(1))
        #expect(Self.words(cache.escalate(decisions, at: Self.at(1))) == [], "it is still Degraded")
        _ = cache.advance(to: Self.at(61))
        #expect(Self.words(cache.escalate(decisions, at: Self.at(61))) == [])
        #expect(Self.words(cache.escalate(decisions, at: Self.at(100))) == ["escalated"])
        #expect(Self.words(cache.escalate(decisions, at: Self.at(101))) == [])
        #expect(cache.alerts(decisions, at: Self.at(101).date).count == 1)
    }

    @Test("an episode whose cause another probe monitors is not escalated while that probe has an episode, or could not judge yet")
    mutating func cause() {
        let (definition, causing) = (Self.definition(), Self.definition("Cause", every: 60))
        let (key, cause) = (Self.key(), Self.key("Cause"))
        let decisions = DecisionBook(version: "1")
        _ = cache.begin(key, definition, runs: RunCounts(), at: Self.at(0))
        _ = cache.begin(cause, causing, runs: RunCounts(), at: Self.at(0))
        _ = cache.record(Self.result(fails: true, cause: cause.identity), of: definition, at: Self.at(1))
        _ = cache.advance(to: Self.at(61))
        #expect(Self.words(cache.escalate(decisions, at: Self.at(61))) == [])
        _ = cache.record(Self.result(cause, fails: true), of: causing, at: Self.at(62))
        // Its own episode is due a minute later; the other one still is not.
        _ = cache.advance(to: Self.at(122))
        let escalated = cache.escalate(decisions, at: Self.at(122))
        #expect(Self.words(escalated) == ["escalated"])
        if case .escalated(let episode)? = escalated.first { #expect(episode.monitor == "CauseMonitor") }
        _ = cache.record(Self.result(cause, fails: false), of: causing, at: Self.at(123))
        #expect(Self.words(cache.escalate(decisions, at: Self.at(123))) == ["escalated"])
    }

    @Test("an episode of the organization is not escalated while the probe that monitors its cause has an episode on any server")
    mutating
        func causeOnServers()
    {
        let (definition, causing) = (Self.definition(), Self.definition("Cause", every: 60))
        let organization = ProbeKey(identity: Self.key().identity, site: .organization)
        let (one, other) = (Self.key("Cause", "mbx01"), Self.key("Cause", "mbx02"))
        let decisions = DecisionBook(version: "1")
        _ = cache.begin(organization, definition, runs: RunCounts(), at: Self.at(0))
        for key in [one, other] { _ = cache.begin(key, causing, runs: RunCounts(), at: Self.at(0)) }
        _ = cache.record(Self.result(organization, fails: true, cause: one.identity), of: definition, at: Self.at(1))
        _ = cache.record(Self.result(one, fails: false), of: causing, at: Self.at(2))
        _ = cache.record(Self.result(other, fails: true), of: causing, at: Self.at(2))
        _ = cache.advance(to: Self.at(200))
        #expect(Self.words(cache.escalate(decisions, at: Self.at(200))) == ["escalated"], "only that of the cause")
        _ = cache.record(Self.result(other, fails: false), of: causing, at: Self.at(201))
        #expect(Self.words(cache.escalate(decisions, at: Self.at(201))) == ["escalated"])
    }

    @Test("with a changed definition a result of the earlier one is ignored, like that of a probe that is gone")
    mutating
        func outdated()
    {
        let (older, newer) = (Self.definition(), Self.definition(every: 20))
        _ = cache.begin(Self.key(), newer, runs: RunCounts(), at: Self.at(0))
        #expect(Self.words(cache.record(Self.result(fails: true), of: older, at: Self.at(1))) == [])
        #expect(Self.words(cache.record(Self.result(Self.key("Other"), fails: true), of: newer, at: Self.at(1))) == [])
        #expect(cache[Self.key()]?.latest == nil && cache.count == 1)
    }

    @Test("a probe has no result until one is recorded, and none again after it was cleared")
    mutating
        func unrun()
    {
        let definition = Self.definition()
        var counts = RunCounts()
        counts[.succeeded] = 7
        _ = cache.begin(Self.key(), definition, runs: counts, at: Self.at(0))
        #expect(cache.unrun == [Self.key()])
        _ = cache.record(Self.result(fails: false), of: definition, at: Self.at(1))
        #expect(cache.unrun == [] && cache.runs[Self.key()]?[.succeeded] == 8)
        #expect(Self.words(cache.remove(Self.key(), isGone: false, at: Self.at(2))) == ["moved Healthy to Unknown", "removed"])
        #expect(cache.unrun == [] && cache.count == 0)
    }

    @Test("a probe that is gone ends its episode before it is removed; one that was only cleared keeps it until a run clears it")
    mutating func removed() {
        let definition = Self.definition()
        _ = cache.begin(Self.key(), definition, runs: RunCounts(), at: Self.at(0))
        _ = cache.record(Self.result(fails: true), of: definition, at: Self.at(1))
        #expect(Self.words(cache.remove(Self.key(), isGone: false, at: Self.at(2))) == ["removed"])
        #expect(Self.words(cache.begin(Self.key(), definition, runs: RunCounts(), at: Self.at(3))) == ["updated without result, Degraded"])
        #expect(Self.words(cache.remove(Self.key(), isGone: true, at: Self.at(4))) == ["moved Degraded to Unknown", "removed"])
        #expect(Self.words(cache.remove(Self.key(), isGone: true, at: Self.at(5))) == [])
    }

    @Test("a definition that differs in its monitors alone keeps the probe's result")
    mutating
        func redefined()
    {
        let (older, newer) = (Self.definition(failures: 1), Self.definition(failures: 5))
        _ = cache.begin(Self.key(), older, runs: RunCounts(), at: Self.at(0))
        _ = cache.record(Self.result(fails: false), of: older, at: Self.at(1))
        #expect(Self.words(cache.redefine(Self.key(), by: older, at: Self.at(2))) == [])
        #expect(Self.words(cache.redefine(Self.key(), by: newer, at: Self.at(2))) == ["updated Succeeded, Unknown"])
        #expect(Self.words(cache.redefine(Self.key(), by: Self.definition(failures: nil), at: Self.at(3))) == ["updated Succeeded"])
        #expect(Self.words(cache.redefine(Self.key("Other"), by: newer, at: Self.at(3))) == [])
    }
}
