import FoundationEssentials
import Monitoring
import Probing

/// A date that Microsoft has announced, beside the ends of the certificates.
struct KnownDate: Sendable {
    let date: Date
    let what: String

    /// Those of `exchange/known-dates.yaml`, where a probe watches what becomes of them: other agents have nothing to do with Exchange.
    static func all(in snapshot: Snapshot) -> [KnownDate] {
        guard snapshot.probes.contains(where: { $0.definition.kind.name == "hybrid-readiness" }) else { return [] }
        return snapshot.agent.knownDates.map { KnownDate(date: $0.date, what: ProbeWords.sentence($0.what)) }
    }
}
