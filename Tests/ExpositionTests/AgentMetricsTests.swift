import FoundationEssentials
import Testing

@testable import Exposition
@testable import Monitoring
@testable import Probing

/// The metrics of the agent itself.
@Suite struct AgentMetricsTests {
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)

    private static func lines(_ facts: AgentFacts, _ prefix: String) -> [String] {
        var text = MetricText()
        let build = BuildInformation(version: "1", revision: "r", swiftVersion: "6")
        AgentMetrics(facts: facts, responses: ResponseFacts(), probes: 0, build: build).write(to: &text, format: .text)
        return String(decoding: text.bytes, as: UTF8.self).split(separator: "\n").map(String.init).filter { $0.hasPrefix(prefix) }
    }

    private static func result(_ target: String, _ seconds: Double, _ type: ResultType = .succeeded) -> ProbeResult {
        let identity = ProbeIdentity(healthSet: "Web", name: "Site", target: target)
        return ProbeResult(
            key: ProbeKey(identity: identity, site: .target(address: nil)), kind: "http", start: start, end: start,
            duration: .seconds(seconds), type: type, outcome: Outcome())
    }

    @Test("durations are counted for each definition, without runs that were not made")
    func durations() {
        var facts = AgentFacts(started: Self.start, configurationPath: "")
        let runs = [
            ("a", 0.02, ResultType.succeeded), ("b", 0.25, .failed), ("a", 60, .timeout), ("a", 0, .rejected), ("b", 0, .quarantined),
        ]
        for (target, seconds, type) in runs { facts.ran(Self.result(target, seconds, type)) }
        let name = "health_probe_run_duration_seconds"
        func value(_ le: String) -> String? {
            Self.lines(facts, name + "_bucket").first { $0.contains("le=\"\(le)\"") }?.split(separator: " ").last.map(String.init)
        }
        #expect(["0.01", "0.025", "0.1", "0.25", "30", "+Inf"].map(value) == ["0", "1", "1", "2", "2", "3"])
        let labels = #"{health_set="Web",probe="Site"}"#
        #expect(Self.lines(facts, name + "_sum") == ["\(name)_sum\(labels) 60.27"])
        #expect(Self.lines(facts, name + "_count") == ["\(name)_count\(labels) 3"])
        facts.use(Plan(configuration: AgentConfiguration(), definitions: []))
        #expect(Self.lines(facts, name).isEmpty)
    }

    @Test("a monitor that comes and goes is there with the number of its problems; one that does not is not")
    func flapping() {
        var facts = AgentFacts(started: Self.start, configurationPath: "")
        #expect(Self.lines(facts, "health_monitor_flapping").isEmpty)
        let probe = Self.result("https://one/", 0).key
        var status = MonitorStatus(
            key: MonitorKey(probe: probe, name: "SiteMonitor"), definition: MonitorDefinition(name: "M", rule: .consecutiveFailures(1)),
            state: .degraded, since: Self.start)
        status.recurrences = 4
        facts.flapping = [status]
        #expect(
            Self.lines(facts, "health_monitor_flapping") == [
                #"health_monitor_flapping{health_set="Web",probe="Site",monitor="SiteMonitor",server="",target="https://one/",address="",within="1h"} 4"#
            ])
    }

    @Test("a health set is in one state")
    func states() {
        var facts = AgentFacts(started: Self.start, configurationPath: "")
        var tally = HealthSetTally()
        tally.add(.healthy)
        tally.add(.unhealthy)
        facts.healthSets = [(HealthSetKey(healthSet: "Web", server: "mbx01"), tally)]
        let lines = Self.lines(facts, "health_set_in_state{")
        #expect(lines.count == HealthState.allCases.count)
        #expect(lines.filter { $0.hasSuffix(" 1") } == [#"health_set_in_state{health_set="Web",server="mbx01",state="unhealthy"} 1"#])
    }
}
