import FoundationEssentials
import HealthManager

/// What history keeps of a result. Making one copies fields and encodes nothing: it is made where a probe's run is recorded.
struct ResultRow: Sendable {
    /// Its place among all that was noted.
    let sequence: UInt64
    let key: ProbeKey
    let at: Date
    let type: ResultType
    let reason: Reason?
    let sentence: String
    let duration: Duration
    let sampleValue: Double?

    init(_ result: ProbeResult, sequence: UInt64) {
        let decisive = result.decisive
        self.sequence = sequence
        key = result.key
        at = result.end
        type = result.type
        reason = decisive?.reason
        sentence = decisive?.sentence ?? ""
        duration = result.duration
        sampleValue = result.outcome.sampleValue
    }
}
