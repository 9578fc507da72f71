import Certificates
package import FoundationEssentials
package import Probing

/// Converts a probe's outcomes for several dates to the changes between them. Pure.
package enum ForecastLine {
    private struct Verdict: Equatable {
        var severity: Finding.Severity?
        var reason: Reason?
    }

    /// The changes of verdict between the outcomes of one probe, in order of their dates.
    package static func events(of key: ProbeKey, _ outcomes: [(date: Date, outcome: Outcome)]) -> [ForecastEvent] {
        var events: [ForecastEvent] = []
        var before: Verdict?
        for (date, outcome) in outcomes.sorted(by: { $0.date < $1.date }) {
            let finding = outcome.decisive
            let verdict = Verdict(severity: finding?.severity, reason: finding?.reason)
            // An outcome that could not judge says nothing about that day, and a network failure today says nothing about a later day.
            if let finding, isUnreached(finding) {
                if finding.severity != .unknown { before = before ?? verdict }
                continue
            }
            defer { before = verdict }
            guard let before, before != verdict else { continue }
            if finding == nil, before.reason?.isOfTheNetwork == true { continue }
            events.append(event(key, date, finding))
        }
        return events
    }

    /// Whether a run with this finding cannot be used for predictions.
    package static func isUnreached(_ finding: Finding) -> Bool { finding.severity == .unknown || finding.reason.isOfTheNetwork }

    private static func event(_ key: ProbeKey, _ date: Date, _ finding: Finding?) -> ForecastEvent {
        let change: ForecastEvent.Change =
            switch (finding?.severity, finding?.reason) {
            case (.failure, .certificateExpired): .breaks
            case (.failure, _): .fails
            case (.warning, _): .warns
            default: .recovers
            }
        return ForecastEvent(
            date: date, change: change, probe: key.identity.description, server: key.server,
            address: key.address.isEmpty ? nil : key.address,
            reason: finding?.reason.rawValue, sentence: finding?.sentence ?? "the probe succeeds again",
            thumbprint: finding?.certificate?.description, cause: finding?.cause?.description, remedy: finding?.reason.remedy)
    }
}
