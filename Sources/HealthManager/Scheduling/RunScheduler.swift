import Probing

/// Limits of concurrent runs, in total and per server.
package struct RunLimits: Sendable {
    package var overall = 1024
    package var perServer = 32

    package init() {}
}

/// Decides which run is next: when probes are due, how many may run at once, and which must not run. A pure value.
struct RunScheduler: Sendable {
    /// After so many Poisoned runs, a probe is quarantined until the caches are cleared.
    private static let poisoningsAllowed = 3

    /// The generation of the cache: results of runs started in an earlier one are discarded.
    private(set) var generation = 0
    /// Due runs that were skipped because the previous run of the probe had not ended.
    private(set) var skipped = 0
    private var schedule = Schedule()
    private var queue: RunQueue<PlannedRun>
    private var occupied: Set<PlannedRun.Slot> = []
    private var poisonings: [ProbeKey: Int] = [:]

    init(_ limits: RunLimits) { queue = RunQueue(overall: limits.overall, perServer: limits.perServer) }

    /// The earliest time at which a probe is due, as `TimeSource.elapsed`; nil if nothing is scheduled.
    var nextDue: Duration? { mutating get { schedule.nextDue } }

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
            let planned = PlannedRun(key: key, member: member, due: due, generation: generation)
            if poisonings[key, default: 0] >= Self.poisoningsAllowed { return planned }
            if occupied.insert(planned.slot).inserted {
                queue.offer(planned, server: member.concurrencyGroup)
            } else {
                skipped += 1
            }
            return nil
        }
    }

    /// The next queued run that may start now; nil if there is none. The caller reports its end by `ended` and `freed`.
    mutating func next() -> PlannedRun? { queue.next() }

    /// The run has a result, so that another may start in its place.
    mutating func ended(_ planned: PlannedRun) { queue.finished(server: planned.member.concurrencyGroup) }

    /// The run has really ended, or is abandoned: its probe may run again.
    mutating func freed(_ planned: PlannedRun) { occupied.remove(planned.slot) }

    mutating func poisoned(_ key: ProbeKey) { poisonings[key, default: 0] += 1 }
}
