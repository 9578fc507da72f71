import HeapModule
package import Probing

/// When each probe is due: a heap of times without any timer. Times are `TimeSource.elapsed`.
///
/// Starts are aligned to ticks of 100 ms, so that many probes share one wake-up; a hash of the probe's key spreads them over the interval.
package struct Schedule: Sendable {
    package static let tick: Duration = .milliseconds(100)
    /// First runs are spread over at most this duration, and over less if that needs no more than 50 starts per second.
    package static let firstRunsWithin: Duration = .seconds(10)
    /// How much longer than its timeout a run may take.
    private static let overrun: Duration = .milliseconds(500)
    private static let firstRunSpacing: Duration = .milliseconds(20)
    /// How many entries of the heap may be from before a removal, in addition to one for each probe.
    static let discardedAtMost = 64

    private struct Due: Comparable {
        var at: CompactDuration
        var key: ProbeKey
        /// The generation of the key: entries from before a removal are discarded when they are reached.
        var generation: Int

        static func < (left: Due, right: Due) -> Bool { left.at < right.at }
        static func == (left: Due, right: Due) -> Bool { left.at == right.at }
    }

    private struct Timing {
        var every: CompactDuration
        /// How long the first run may take: the second run, at the hashed time, must not overlap with it.
        var firstRun: CompactDuration
        var phase: CompactDuration
        var next: CompactDuration
        var generation: Int
    }

    private var heap = Heap<Due>()
    private var timings: [ProbeKey: Timing] = [:]
    private var generations = 0
    /// How many entries of the heap are from before a removal.
    private var discarded = 0

    /// The number of entries of the heap.
    var entries: Int { heap.count }

    package init() {}

    /// The earliest time at which a probe is due; nil if nothing is scheduled.
    package var nextDue: Duration? {
        mutating get {
            while discarded > 0, let first = heap.min, timings[first.key]?.generation != first.generation {
                heap.removeMin()
                discarded -= 1
            }
            return heap.min?.at.duration
        }
    }

    /// The next planned start of a probe; nil if it is not scheduled.
    package func next(of key: ProbeKey) -> Duration? { timings[key]?.next.duration }

    /// Adds probes; their first runs are spread over at most `min(every, 10 s)` from `now`.
    package mutating func add(_ probes: [(key: ProbeKey, every: Duration, timeout: Duration)], at now: Duration) {
        let window = min(Self.firstRunsWithin, Self.firstRunSpacing * probes.count)
        for (key, every, timeout) in probes {
            generations += 1
            let share = Self.share(of: key)
            let first = CompactDuration(Self.onTick(now + min(window, every) * share))
            remove(key)
            timings[key] = Timing(
                every: CompactDuration(every), firstRun: CompactDuration(timeout + Self.overrun),
                phase: CompactDuration(Self.onTick(every * share)), next: first, generation: generations)
            heap.insert(Due(at: first, key: key, generation: generations))
        }
    }

    /// Removes a probe; ignored if it is not scheduled.
    package mutating func remove(_ key: ProbeKey) {
        guard timings.removeValue(forKey: key) != nil else { return }
        discarded += 1
        guard discarded > timings.count + Self.discardedAtMost else { return }
        heap = Heap(heap.unordered.filter { timings[$0.key]?.generation == $0.generation })
        discarded = 0
    }

    /// Removes every probe.
    package mutating func removeAll() {
        heap = Heap()
        timings = [:]
        discarded = 0
    }

    /// Removes the probes due at `now` and schedules their next runs. A late probe is returned only once: missed runs are not made up for.
    package mutating func takeDue(at now: Duration) -> [(key: ProbeKey, due: Duration)] {
        var taken: [(key: ProbeKey, due: Duration)] = []
        while let due = nextDue, due <= now {
            let first = heap.removeMin()
            guard var timing = timings[first.key] else { continue }
            taken.append((first.key, due))
            timing.next = CompactDuration(
                Self.next(after: now + timing.firstRun.duration, every: timing.every.duration, phase: timing.phase.duration))
            timing.firstRun = CompactDuration(.zero)
            timings[first.key] = timing
            heap.insert(Due(at: timing.next, key: first.key, generation: timing.generation))
        }
        return taken
    }

    /// The first time after `now` that is `phase` after the start of an interval.
    private static func next(after now: Duration, every: Duration, phase: Duration) -> Duration {
        let intervals = ((now - phase) / every).rounded(.down) + 1
        return onTick(phase + every * intervals)
    }

    private static func onTick(_ time: Duration) -> Duration { tick * Int((time / tick).rounded(.up)) }

    /// A value from 0 to 1 (FNV-1a hash), the same for a key in every process.
    private static func share(of key: ProbeKey) -> Double {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in (key.identity.folded + "\n" + key.server.lowercased()).utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        // FNV needs a final avalanche step to distribute its bits evenly.
        hash ^= hash >> 33
        hash = hash &* 0xff51_afd7_ed55_8ccd
        hash ^= hash >> 33
        return Double(hash >> 11) / Double(UInt64(1) << 53)
    }
}
