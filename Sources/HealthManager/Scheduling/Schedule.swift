import HeapModule

/// When each probe is due: a heap of times, and nothing that runs. Times are `TimeSource.elapsed`.
///
/// Starts fall on ticks of 100 ms, so that many probes share one wake-up; a hash of the probe's key spreads them over the interval.
package struct Schedule: Sendable {
    package static let tick: Duration = .milliseconds(100)
    /// First runs come within this, and no faster than fifty a second.
    package static let firstRunsWithin: Duration = .seconds(10)
    /// What a run may take beyond its time until it has been told so.
    private static let overrun: Duration = .milliseconds(500)
    private static let firstRunSpacing: Duration = .milliseconds(20)

    private struct Due: Comparable {
        var at: Duration
        var key: ProbeKey
        /// Which life of the key this is: what was put in before a removal is dropped when it comes up.
        var life: Int

        static func < (left: Due, right: Due) -> Bool { left.at < right.at }
        static func == (left: Due, right: Due) -> Bool { left.at == right.at }
    }

    private struct Timing {
        var every: Duration
        /// How long its first run may take: the second, which comes at the hashed time, is not to meet it.
        var firstRun: Duration
        var phase: Duration
        var next: Duration
        var life: Int
    }

    private var heap = Heap<Due>()
    private var timings: [ProbeKey: Timing] = [:]
    private var lives = 0

    package init() {}

    /// The earliest time anything is due; nil when nothing is scheduled.
    package var nextDue: Duration? {
        mutating get {
            while let first = heap.min, timings[first.key]?.life != first.life { heap.removeMin() }
            return heap.min?.at
        }
    }

    package func next(of key: ProbeKey) -> Duration? { timings[key]?.next }

    /// Puts probes in; their first runs are spread over at most `min(every, 10 s)` from `now`.
    package mutating func add(_ probes: [(key: ProbeKey, every: Duration, timeout: Duration)], at now: Duration) {
        let window = min(Self.firstRunsWithin, Self.firstRunSpacing * probes.count)
        for (key, every, timeout) in probes {
            lives += 1
            let share = Self.share(of: key)
            let first = Self.onTick(now + min(window, every) * share)
            timings[key] = Timing(
                every: every, firstRun: timeout + Self.overrun, phase: Self.onTick(every * share), next: first, life: lives)
            heap.insert(Due(at: first, key: key, life: lives))
        }
    }

    package mutating func remove(_ key: ProbeKey) { timings[key] = nil }

    package mutating func removeAll() {
        heap = Heap()
        timings = [:]
    }

    /// Takes out what is due at `now` and plans its next run. However late it is, a probe comes up once: missed runs do not queue.
    package mutating func takeDue(at now: Duration) -> [(key: ProbeKey, due: Duration)] {
        var taken: [(key: ProbeKey, due: Duration)] = []
        while let due = nextDue, due <= now {
            let first = heap.removeMin()
            guard var timing = timings[first.key] else { continue }
            taken.append((first.key, due))
            timing.next = Self.next(after: now + timing.firstRun, every: timing.every, phase: timing.phase)
            timing.firstRun = .zero
            timings[first.key] = timing
            heap.insert(Due(at: timing.next, key: first.key, life: timing.life))
        }
        return taken
    }

    /// The first moment after `now` that is `phase` into an interval.
    private static func next(after now: Duration, every: Duration, phase: Duration) -> Duration {
        let intervals = ((now - phase) / every).rounded(.down) + 1
        return onTick(phase + every * intervals)
    }

    private static func onTick(_ time: Duration) -> Duration { tick * Int((time / tick).rounded(.up)) }

    /// From 0 to 1, the same for the same key in every process (FNV-1a).
    private static func share(of key: ProbeKey) -> Double {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in (key.identity.folded + "\n" + key.server.lowercased()).utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        // The low bits of FNV mix well only after a final avalanche.
        hash ^= hash >> 33
        hash = hash &* 0xff51_afd7_ed55_8ccd
        hash ^= hash >> 33
        return Double(hash >> 11) / Double(UInt64(1) << 53)
    }
}
