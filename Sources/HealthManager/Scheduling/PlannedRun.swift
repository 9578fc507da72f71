/// A run that is due: what to run, since when, and in which life of the cache.
struct PlannedRun: Sendable {
    /// What may run only once at a time.
    struct Slot: Hashable {
        var key: ProbeKey
        var life: Int
    }

    var key: ProbeKey
    var member: Roster.Member
    var due: Duration
    var life: Int

    var slot: Slot { Slot(key: key, life: life) }

    /// A run that has not answered, and what was recorded of it.
    struct Late: Sendable {
        var run: LateRun
        var result: ProbeResult
        var life: Int
        var definition: ProbeDefinition
    }
}
