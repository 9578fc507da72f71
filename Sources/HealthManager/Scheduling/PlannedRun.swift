import FoundationEssentials
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
    /// Different for each run.
    var number: Int

    var slot: Slot { Slot(key: key, generation: generation) }

    /// The result in place of this run if its probe is quarantined.
    func quarantined(at date: Date) -> ProbeResult {
        var outcome = Outcome()
        outcome.findings = [
            Finding(.unknown, stage: .config, reason: .probeQuarantined, sentence: Reason.probeQuarantined.sentence)
        ]
        return ProbeResult(
            key: key, kind: member.definition.kind.name, start: date, end: date, duration: .zero, type: .quarantined, outcome: outcome)
    }

    /// A run that did not end when it was cancelled, and the result that was recorded for it.
    struct Late: Sendable {
        var run: LateRun
        var result: ProbeResult
        var generation: Int
        var definition: ProbeDefinition
    }
}
