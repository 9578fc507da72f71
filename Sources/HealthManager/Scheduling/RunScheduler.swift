import DequeModule
import Probing

/// Limits of concurrent runs, in total and per server. Only runs that began within the last second count towards the limit of their server.
package struct RunLimits: Sendable {
    package var overall = 1024
    package var perServer = 32

    package init() {}
}

/// Decides which run is next: when probes are due, how many may run at once, and which must not run. A pure value.
struct RunScheduler: Sendable {
    /// After so many Poisoned runs, a probe is quarantined until the caches are cleared.
    private static let poisoningsAllowed = 3
    /// How long a run counts towards the limit of its server: silent targets must not keep the others of their host from running.
    static let countsFor: Duration = .seconds(1)

    /// The generation of the cache: results of runs started in an earlier one are discarded.
    private(set) var generation = 0
    /// Due runs that were skipped because the previous run of the probe had not ended.
    private(set) var skipped = 0
    private var schedule = Schedule()
    private var queue: RunQueue<PlannedRun>
    private var occupied: Set<PlannedRun.Slot> = []
    private var poisonings: [ProbeKey: Int] = [:]
    private var numbers = 0
    /// The runs that count towards the limits of their servers, by number.
    private var counted: Set<Int> = []
    /// Runs in the order of their starts, with those that have ended meanwhile.
    private var starts: Deque<(at: Duration, number: Int, server: String)> = []

    init(_ limits: RunLimits) { queue = RunQueue(overall: limits.overall, perServer: limits.perServer) }

    /// The earliest time at which a probe is due or a queued run may start, as `TimeSource.elapsed`; nil if nothing is scheduled.
    var nextDue: Duration? {
        mutating get {
            let discount = queue.waiting > 0 ? starts.first.map { $0.at + Self.countsFor } : nil
            return [schedule.nextDue, discount].compactMap(\.self).min()
        }
    }

    /// The next planned start of a probe, as `TimeSource.elapsed`; nil if it is not scheduled.
    func next(of key: ProbeKey) -> Duration? { schedule.next(of: key) }

    mutating func add(_ probes: [ProbeKey: ProbeDefinition], at now: Duration) {
        schedule.add(probes.map { ($0.key, $0.value.every, $0.value.timeout) }, at: now)
    }

    /// - Parameter isGone: whether the probe itself is gone: a later one with its key is not quarantined for its runs.
    mutating func remove(_ key: ProbeKey, isGone: Bool) {
        schedule.remove(key)
        if isGone { poisonings[key] = nil }
    }

    /// Begins a new generation, in which no probe is quarantined and none is scheduled yet.
    mutating func clear() {
        generation += 1
        poisonings = [:]
        schedule.removeAll()
    }

    /// Queues the runs that are due; a run is skipped if the previous one of its probe has not ended.
    /// - Returns: those that must not run because their probe is quarantined.
    mutating func queueDue(at now: Duration, _ members: [ProbeKey: Roster.Member]) -> [PlannedRun] {
        schedule.takeDue(at: now).compactMap { key, due in
            guard let member = members[key] else { return nil }
            numbers += 1
            let planned = PlannedRun(key: key, member: member, due: due, generation: generation, number: numbers)
            if poisonings[key, default: 0] >= Self.poisoningsAllowed { return planned }
            if occupied.insert(planned.slot).inserted {
                queue.offer(planned, server: member.concurrencyGroup)
            } else {
                skipped += 1
            }
            return nil
        }
    }

    /// The next queued run that may start now; nil if there is none. Runs of probes that are gone, or of before a restart, are dropped. The caller reports its end by `ended` and `freed`.
    mutating func next(at now: Duration) -> PlannedRun? {
        while let start = starts.first, start.at + Self.countsFor <= now {
            starts.removeFirst()
            if counted.contains(start.number), queue.discount(server: start.server) { counted.remove(start.number) }
        }
        while let planned = queue.next() {
            guard planned.generation == generation, schedule.next(of: planned.key) != nil else {
                queue.finished(server: planned.member.concurrencyGroup)
                freed(planned)
                continue
            }
            counted.insert(planned.number)
            starts.append((now, planned.number, planned.member.concurrencyGroup))
            return planned
        }
        return nil
    }

    /// The run has a result, so that another may start in its place.
    mutating func ended(_ planned: PlannedRun) {
        queue.finished(server: planned.member.concurrencyGroup, isDiscounted: counted.remove(planned.number) == nil)
    }

    /// The run has really ended, or is abandoned: its probe may run again.
    mutating func freed(_ planned: PlannedRun) { occupied.remove(planned.slot) }

    mutating func poisoned(_ key: ProbeKey) { poisonings[key, default: 0] += 1 }
}
