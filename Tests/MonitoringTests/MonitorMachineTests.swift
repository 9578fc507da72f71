import Monitoring
import Probing
import Testing

/// What happens to a monitor in one row of the tables, and what state it is in afterwards.
private enum Step: Sendable {
    case ok(Int, HealthState)
    case warns(Int, HealthState)
    case fails(Int, HealthState)
    case value(Int, Double, HealthState)
    case left(Int, Double, HealthState)
    /// Time alone passes.
    case wait(Int, HealthState)
    case acknowledge(Int, HealthState)
    case clearCache(Int, HealthState)
}

private struct Row: Sendable, CustomTestStringConvertible {
    var fact: String
    var rule: MonitorRule
    var degradedFor: Duration = .seconds(60)
    var steps: [Step]

    init(_ fact: String, _ rule: MonitorRule, degradedFor: Duration = .seconds(60), _ steps: [Step]) {
        self.fact = fact
        self.rule = rule
        self.degradedFor = degradedFor
        self.steps = steps
    }

    var testDescription: String { fact }
}

@Suite struct MonitorMachineTests {
    private static let rows: [Row] = [
        // consecutive failures
        Row("without a result it is Unknown", .consecutiveFailures(3), [.wait(0, .unknown), .wait(9999, .unknown)]),
        Row("one success makes it Healthy", .consecutiveFailures(3), [.ok(0, .healthy)]),
        Row("a failure out of three leaves Unknown as it is", .consecutiveFailures(3), [.fails(0, .unknown), .fails(10, .unknown)]),
        Row(
            "the third failure in a row degrades", .consecutiveFailures(3),
            [.ok(0, .healthy), .fails(10, .healthy), .fails(20, .healthy), .fails(30, .degraded)]),
        Row(
            "a success between starts the count anew", .consecutiveFailures(3),
            [.ok(0, .healthy), .fails(10, .healthy), .fails(20, .healthy), .ok(30, .healthy), .fails(40, .healthy), .fails(50, .healthy)]),
        Row(
            "three failures from the start degrade", .consecutiveFailures(3),
            [.fails(0, .unknown), .fails(1, .unknown), .fails(2, .degraded)]),
        Row(
            "Degraded for a minute, then Unhealthy by time alone", .consecutiveFailures(1),
            [.fails(0, .degraded), .wait(59, .degraded), .wait(60, .unhealthy)]),
        Row(
            "a failure after that minute finds it Unhealthy", .consecutiveFailures(1),
            [.fails(0, .degraded), .fails(61, .unhealthy)]),
        Row("recovery within the minute ends it", .consecutiveFailures(1), [.fails(0, .degraded), .ok(30, .healthy), .wait(90, .healthy)]),
        Row(
            "recovery after it ends it at once", .consecutiveFailures(3),
            [
                .fails(0, .unknown), .fails(1, .unknown), .fails(2, .degraded), .wait(62, .unhealthy), .ok(70, .healthy),
            ]),
        Row("without a time of grace it is Unhealthy at once", .consecutiveFailures(1), degradedFor: .zero, [.fails(0, .unhealthy)]),
        Row("a warning is no failure", .consecutiveFailures(1), [.warns(0, .healthy)]),
        // consecutive warnings
        Row("a warning in a row of one degrades", .consecutiveWarnings(1), [.ok(0, .healthy), .warns(1, .degraded), .ok(2, .healthy)]),
        Row("a failure is no warning any more", .consecutiveWarnings(1), [.warns(0, .degraded), .fails(1, .healthy)]),
        Row("two warnings in a row", .consecutiveWarnings(2), [.warns(0, .unknown), .warns(1, .degraded)]),
        // failures in a window
        Row(
            "three failures within ten minutes, not in a row", .failures(3, within: .seconds(600)),
            [.fails(0, .healthy), .ok(100, .healthy), .fails(200, .healthy), .ok(300, .healthy), .fails(400, .degraded)]),
        Row(
            "failures that are too old count no more", .failures(3, within: .seconds(600)),
            [.fails(0, .healthy), .fails(400, .healthy), .fails(601, .healthy), .fails(602, .degraded)]),
        Row(
            "it recovers when enough of them are old", .failures(2, within: .seconds(100)),
            [.fails(0, .healthy), .fails(50, .degraded), .ok(99, .degraded), .ok(101, .healthy)]),
        // success percentage
        Row(
            "too few runs say nothing", .successPercentage(below: 90, within: .seconds(600), minimumRuns: 3),
            [.fails(0, .unknown), .fails(10, .unknown), .fails(20, .degraded)]),
        Row(
            "exactly the percentage is enough", .successPercentage(below: 50, within: .seconds(600), minimumRuns: 2),
            [.ok(0, .unknown), .fails(10, .healthy), .fails(20, .degraded), .ok(30, .healthy)]),
        Row(
            "a warning counts as success", .successPercentage(below: 100, within: .seconds(600), minimumRuns: 1),
            [.warns(0, .healthy), .fails(1, .degraded)]),
        Row(
            "when the window has run empty whatever was so stays so", .successPercentage(below: 50, within: .seconds(60), minimumRuns: 2),
            [.fails(0, .unknown), .fails(1, .degraded), .ok(1000, .unhealthy), .ok(1001, .healthy)]),
        // sample values
        Row(
            "two values below the limit", .sampleValue(.below, 30, consecutive: 2),
            [.value(0, 31, .healthy), .value(1, 29, .healthy), .value(2, 28, .degraded), .value(3, 30, .healthy)]),
        Row(
            "the limit itself is not above", .sampleValue(.above, 100, consecutive: 1),
            [.value(0, 100, .healthy), .value(1, 100.5, .degraded)]),
        Row(
            "a run without a value says nothing of it", .sampleValue(.above, 100, consecutive: 1),
            [.value(0, 200, .degraded), .fails(1, .degraded), .value(2, 50, .healthy)]),
        // share of a lifetime
        Row(
            "a third of the lifetime is left, then less", .certificateLifetime(belowPercent: 33),
            [.left(0, 34, .healthy), .left(1, 33, .healthy), .left(2, 32.9, .degraded), .left(3, 99, .healthy)]),
        Row("an ended certificate has less than nothing left", .certificateLifetime(belowPercent: 10), [.left(0, -5, .degraded)]),
        // acknowledging
        Row(
            "acknowledged it is Repairing until the episode ends, and the next one is Degraded again", .consecutiveFailures(1),
            [
                .fails(0, .degraded), .acknowledge(10, .repairing), .wait(100, .repairing), .fails(110, .repairing), .ok(120, .healthy),
                .fails(130, .degraded), .wait(190, .unhealthy),
            ]),
        Row(
            "Unhealthy can be acknowledged", .consecutiveFailures(1),
            [.fails(0, .degraded), .wait(70, .unhealthy), .acknowledge(80, .repairing)]),
        Row("without an episode there is nothing to acknowledge", .consecutiveFailures(1), [.ok(0, .healthy), .acknowledge(1, .healthy)]),
        // the cache is cleared
        Row(
            "a cleared cache makes Healthy Unknown", .consecutiveFailures(2),
            [.ok(0, .healthy), .clearCache(1, .unknown), .ok(2, .healthy)]),
        Row(
            "a cleared cache ends no episode", .consecutiveFailures(2),
            [
                .fails(0, .unknown), .fails(1, .degraded), .wait(61, .unhealthy), .clearCache(62, .unhealthy), .fails(63, .unhealthy),
                .ok(64, .healthy),
            ]),
        Row(
            "failures before a cleared cache do not count after it", .consecutiveFailures(2),
            [.fails(0, .unknown), .clearCache(1, .unknown), .fails(2, .unknown)]),
        // flapping: three episodes within the hour
        Row(
            "the third episode within an hour lasts until all has been well for a quarter of one", .consecutiveFailures(1),
            [
                .fails(0, .degraded), .ok(10, .healthy), .fails(20, .degraded), .ok(30, .healthy), .fails(40, .degraded),
                .ok(50, .degraded), .ok(200, .unhealthy), .ok(949, .unhealthy), .ok(950, .healthy),
            ]),
        Row(
            "a failure while it is held starts that quarter anew", .consecutiveFailures(1),
            [
                .fails(0, .degraded), .ok(10, .healthy), .fails(20, .degraded), .ok(30, .healthy), .fails(40, .degraded),
                .ok(50, .degraded),
                .fails(900, .unhealthy), .ok(901, .unhealthy), .ok(951, .unhealthy), .ok(1801, .healthy),
            ]),
        Row(
            "three episodes over more than an hour are no flapping", .consecutiveFailures(1),
            [
                .fails(0, .degraded), .ok(10, .healthy), .fails(1800, .degraded), .ok(1810, .healthy), .fails(3601, .degraded),
                .ok(3610, .healthy),
            ]),
        // a suspended machine: an hour passes without a run
        Row(
            "an hour asleep while Healthy changes nothing", .consecutiveFailures(2),
            [.ok(0, .healthy), .fails(10, .healthy), .wait(3610, .healthy), .fails(3611, .degraded)]),
        Row(
            "an hour asleep while Degraded finds it Unhealthy", .consecutiveFailures(1),
            [.fails(0, .degraded), .wait(3600, .unhealthy), .ok(3601, .healthy)]),
        Row(
            "an hour asleep empties a window of minutes", .failures(2, within: .seconds(600)),
            [.fails(0, .healthy), .fails(3600, .healthy), .fails(3610, .degraded)]),
    ]

    @Test("each rule, state and transition", arguments: rows)
    private func play(_ row: Row) {
        var definition = MonitorDefinition(name: "Monitor", rule: row.rule)
        definition.degradedFor = row.degradedFor
        var machine = MonitorMachine(definition)
        for (number, step) in row.steps.enumerated() {
            let (at, expected) = Self.take(step, &machine)
            #expect(machine.state(at: .seconds(at)) == expected, "step \(number + 1)")
        }
    }

    private static func take(_ step: Step, _ machine: inout MonitorMachine) -> (Int, HealthState) {
        switch step {
        case .ok(let at, let state): record(at, .succeeded, state, &machine)
        case .warns(let at, let state): record(at, .warned, state, &machine)
        case .fails(let at, let state): record(at, .failed, state, &machine)
        case .value(let at, let value, let state):
            {
                machine.record(MonitorSample(at: .seconds(at), .succeeded, sampleValue: value))
                return (at, state)
            }()
        case .left(let at, let percent, let state):
            {
                machine.record(MonitorSample(at: .seconds(at), .succeeded, lifetimePercent: percent))
                return (at, state)
            }()
        case .wait(let at, let state): (at, state)
        case .acknowledge(let at, let state):
            {
                _ = machine.acknowledge()
                return (at, state)
            }()
        case .clearCache(let at, let state):
            {
                machine.forget()
                return (at, state)
            }()
        }
    }

    private static func record(_ at: Int, _ verdict: MonitorSample.Verdict, _ state: HealthState, _ machine: inout MonitorMachine)
        -> (Int, HealthState)
    {
        machine.record(MonitorSample(at: .seconds(at), verdict))
        return (at, state)
    }

    @Test("a disabled monitor is Disabled whatever comes")
    func disabled() {
        var definition = MonitorDefinition(name: "Monitor", rule: .consecutiveFailures(1))
        definition.isEnabled = false
        var machine = MonitorMachine(definition)
        machine.record(MonitorSample(at: .zero, .failed))
        #expect(machine.state(at: .seconds(100)) == .disabled)
        let isTaken = machine.acknowledge()
        #expect(!isTaken)
    }

    @Test("an episode of an earlier process goes on, and ends with the first run that shows its end")
    func restored() {
        let definition = MonitorDefinition(name: "Monitor", rule: .consecutiveFailures(3))
        var machine = MonitorMachine(definition, episodeBegan: .seconds(-500), isAcknowledged: false)
        #expect(machine.state(at: .zero) == .unhealthy)
        machine.record(MonitorSample(at: .seconds(1), .failed))
        #expect(machine.state(at: .seconds(1)) == .unhealthy)
        machine.record(MonitorSample(at: .seconds(2), .succeeded))
        #expect(machine.state(at: .seconds(2)) == .healthy)
        #expect(MonitorMachine(definition, episodeBegan: .seconds(-500), isAcknowledged: true).state(at: .zero) == .repairing)
    }

    @Test("episodes that an earlier process saw count for flapping, as long ago as they were")
    func carriedFlapping() {
        let definition = MonitorDefinition(name: "Monitor", rule: .consecutiveFailures(1))
        func isFlapping(after begins: [Int]) -> Bool {
            var machine = MonitorMachine(definition, after: begins.map { .seconds($0) })
            machine.record(MonitorSample(at: .seconds(10), .failed))
            return machine.isFlapping
        }
        #expect(isFlapping(after: [-3590, -100]) && isFlapping(after: [-9000, -200, -100]))
        #expect(!isFlapping(after: [-3591, -100]) && !isFlapping(after: [-100]))
        #expect(
            MonitorMachine(definition, after: [.seconds(-90), .seconds(-80)], episodeBegan: .seconds(-70), isAcknowledged: false).isFlapping
        )
    }

    @Test("a problem that comes and goes is counted, also while its episode is held open; after an hour of failure it is flapping no more")
    func recurrences() {
        var machine = MonitorMachine(MonitorDefinition(name: "Monitor", rule: .consecutiveFailures(1)), after: [.seconds(-4000)])
        func count(_ verdict: MonitorSample.Verdict, at seconds: Int) -> Int? {
            machine.record(MonitorSample(at: .seconds(seconds), verdict))
            return machine.recurrences(at: .seconds(seconds))
        }
        for (seconds, verdict, expected) in [
            (0, MonitorSample.Verdict.failed, nil), (10, .succeeded, nil), (20, .failed, nil), (30, .succeeded, nil), (40, .failed, 3),
            (45, .failed, 3), (50, .succeeded, 3), (60, .failed, 4), (70, .failed, 4), (80, .succeeded, 4), (90, .failed, 5),
            (3600, .failed, 5), (3601, .failed, 4), (3641, .failed, nil), (3650, .succeeded, nil), (4550, .succeeded, nil),
        ] as [(Int, MonitorSample.Verdict, Int?)] {
            #expect(count(verdict, at: seconds) == expected, "at \(seconds)")
        }
        #expect(!machine.isInEpisode)
    }

    @Test(
        "a rule that looks back over a time ends an episode of an earlier process, or of a cleared cache, only once it has seen all of that time"
    )
    func resumed() {
        let rule = MonitorRule.failures(2, within: .seconds(100))
        let definition = MonitorDefinition(name: "Monitor", rule: rule)
        var machine = MonitorMachine(definition, episodeBegan: .seconds(-500), isAcknowledged: true)
        func state(_ verdict: MonitorSample.Verdict, at elapsed: Int) -> HealthState {
            machine.record(MonitorSample(at: .seconds(elapsed), verdict))
            return machine.state(at: .seconds(elapsed))
        }
        #expect(state(.failed, at: 0) == .repairing)
        #expect(state(.succeeded, at: 50) == .repairing)
        #expect(state(.succeeded, at: 100) == .healthy)
        #expect(state(.failed, at: 101) == .healthy)
        #expect(state(.failed, at: 102) == .degraded)
        machine.forget()
        #expect(state(.succeeded, at: 110) == .degraded)
        #expect(state(.succeeded, at: 209) == .unhealthy)
        #expect(state(.succeeded, at: 210) == .healthy)
    }

    @Test("a severity or a grace that changes keeps what was seen")
    func followed() {
        var definition = MonitorDefinition(name: "Monitor", rule: .consecutiveFailures(2))
        var machine = MonitorMachine(definition)
        machine.record(MonitorSample(at: .zero, .failed))
        definition.degradedFor = .zero
        machine.follow(definition)
        machine.record(MonitorSample(at: .seconds(1), .failed))
        #expect(machine.state(at: .seconds(1)) == .unhealthy)
    }

    @Test("it says when time alone will change it")
    func nextChange() {
        var machine = MonitorMachine(MonitorDefinition(name: "Monitor", rule: .consecutiveFailures(1)))
        #expect(machine.nextChange == nil)
        machine.record(MonitorSample(at: .seconds(5), .failed))
        #expect(machine.nextChange == .seconds(65))
        _ = machine.acknowledge()
        #expect(machine.nextChange == nil)
    }

    private static let progressRows: [(rule: MonitorRule, samples: [MonitorSample.Verdict], runs: Int?, needed: Int?, since: Int?)] = [
        (.consecutiveFailures(3), [], nil, nil, nil), (.consecutiveFailures(3), [.failed], 1, 3, 0),
        (.consecutiveFailures(3), [.failed, .warned, .failed, .failed], 2, 3, 2),
        (.consecutiveFailures(3), [.failed, .succeeded], nil, nil, nil),
        (.consecutiveFailures(2), [.failed, .failed], nil, nil, nil), (.consecutiveWarnings(3), [.failed, .warned], 1, 3, 1),
        (.failures(3, within: .seconds(60)), [.failed, .succeeded, .failed], 2, 3, 0),
        (.failures(3, within: .seconds(60)), [.failed, .succeeded], nil, nil, nil),
        (.successPercentage(below: 50, within: .seconds(60), minimumRuns: 9), [.succeeded, .failed], 1, nil, 1),
        (.sampleValue(.below, 10, consecutive: 3), [.succeeded, .failed], 2, 3, 0),
        (.sampleValue(.above, 10, consecutive: 3), [.failed], nil, nil, nil),
        (.certificateLifetime(belowPercent: 5), [.failed], nil, nil, nil),
    ]

    @Test("how far a rule is from being met is told while the latest run counts towards it, and not in an episode", arguments: progressRows)
    func progress(row: (rule: MonitorRule, samples: [MonitorSample.Verdict], runs: Int?, needed: Int?, since: Int?)) {
        var machine = MonitorMachine(MonitorDefinition(name: "M", rule: row.rule))
        for (at, verdict) in row.samples.enumerated() { machine.record(MonitorSample(at: .seconds(at), verdict, sampleValue: 5)) }
        #expect(machine.progress?.runs == row.runs && machine.progress?.needed == row.needed)
        #expect(machine.progress?.since == row.since.map { .seconds($0) })
    }
}
