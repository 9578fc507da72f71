import Probing

/// A run that is due: the probe, since when, and in which generation of the cache.
struct PlannedRun: Sendable {
    /// Identifies what must not run concurrently.
    struct Slot: Hashable {
        var key: ProbeKey
        var generation: Int
    }

    var key: ProbeKey
    var member: Roster.Member
    var due: Duration
    var generation: Int

    var slot: Slot { Slot(key: key, generation: generation) }

    /// A run that did not end when it was cancelled, and the result that was recorded for it.
    struct Late: Sendable {
        var run: LateRun
        var result: ProbeResult
        var generation: Int
        var definition: ProbeDefinition
    }
}
