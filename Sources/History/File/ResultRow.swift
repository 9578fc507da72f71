import FoundationEssentials
import Probing

/// The part of a result that is stored in the history. Created on the thread that records a run, so it only copies fields.
struct ResultRow: Sendable {
    /// Position in the order of all recorded entries.
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
