import Probing
import Testing

@testable import HealthManager

@Suite struct ScheduleTests {
    private func keys(_ count: Int) -> [ProbeKey] {
        (0..<count).map { ProbeKey(identity: ProbeIdentity(healthSet: "Test", name: "Probe\($0)"), site: .server("mbx01")) }
    }

    @Test("a thousand first runs are spread over ten seconds, on ticks, and no tick is crowded")
    func spread() {
        var schedule = Schedule()
        schedule.add(keys(1000).map { ($0, .seconds(60), .seconds(1)) }, at: .zero)
        var perTick: [Duration: Int] = [:]
        for key in keys(1000) {
            guard let next = schedule.next(of: key) else { return #expect(Bool(false), "\(key) is not scheduled") }
            #expect(next <= .seconds(10) && next % Schedule.tick == .zero)
            perTick[next, default: 0] += 1
        }
        #expect(perTick.count > 90)
        #expect((perTick.values.max() ?? 0) < 40)
    }

    @Test("few first runs come at once")
    func few() {
        var schedule = Schedule()
        schedule.add(keys(15).map { ($0, .seconds(300), .seconds(1)) }, at: .zero)
        #expect(keys(15).allSatisfy { (schedule.next(of: $0) ?? .seconds(99)) <= .milliseconds(400) })
    }

    @Test("from the second run on a probe runs every interval, at a phase of its own that is the same after a restart")
    func phase() throws {
        var phases: [ProbeKey: Set<Duration>] = [:]
        for key in keys(10) {
            for start in [Duration.zero, .seconds(17), .milliseconds(123_456)] {
                var schedule = Schedule()
                schedule.add([(key, .seconds(60), .seconds(1))], at: start)
                var runs: [Duration] = []
                while runs.count < 4, let next = schedule.nextDue { runs += schedule.takeDue(at: next).map(\.due) }
                try #require(runs.count == 4)
                #expect(runs[2] - runs[1] == .seconds(60))
                #expect(runs[3] - runs[2] == .seconds(60))
                phases[key, default: []].insert(runs[1] % .seconds(60))
            }
        }
        #expect(phases.values.allSatisfy { $0.count == 1 }, "\(phases)")
        #expect(Set(phases.values).count > 5)
    }

    @Test("the second run, at the hashed phase, never begins while the first may still be under way")
    func second() {
        var schedule = Schedule()
        schedule.add(keys(1000).map { ($0, .seconds(60), .seconds(5)) }, at: .zero)
        var first: [ProbeKey: Duration] = [:]
        while first.count < 1000 || schedule.nextDue ?? .zero <= .seconds(120), let due = schedule.nextDue {
            for (key, due) in schedule.takeDue(at: due) {
                if let begun = first[key] { #expect(due - begun > .seconds(5) && due - begun <= .seconds(66)) }
                first[key] = due
            }
        }
    }

    @Test("after an hour of sleep a probe comes up once")
    func suspended() {
        var schedule = Schedule()
        schedule.add([(keys(1)[0], .seconds(10), .seconds(1))], at: .zero)
        #expect(schedule.takeDue(at: .seconds(3600)).count == 1)
        #expect(schedule.takeDue(at: .seconds(3600)).isEmpty)
        #expect((schedule.nextDue ?? .zero) > .seconds(3600))
    }

    @Test("probes that come and go leave nothing in the heap but a bounded rest")
    func bounded() {
        var schedule = Schedule()
        let all = keys(10_000)
        for begin in stride(from: 0, to: all.count, by: 10) {
            let keys = all[begin..<begin + 10]
            schedule.add(keys.map { ($0, .seconds(86400), .seconds(1)) }, at: .zero)
            #expect(schedule.entries <= 20 + Schedule.discardedAtMost)
            for key in keys { schedule.remove(key) }
        }
        #expect(schedule.nextDue == nil && schedule.entries == 0)
    }

    @Test("what was removed does not come up, what was added anew comes up once")
    func removed() {
        var schedule = Schedule()
        let key = keys(1)[0]
        schedule.add([(key, .seconds(10), .seconds(1))], at: .zero)
        schedule.remove(key)
        #expect(schedule.nextDue == nil)
        schedule.add([(key, .seconds(10), .seconds(1))], at: .seconds(1))
        #expect(schedule.takeDue(at: .seconds(5)).count == 1)
    }
}

extension Duration {
    fileprivate static func % (left: Duration, right: Duration) -> Duration { left - right * Int((left / right).rounded(.down)) }
}
