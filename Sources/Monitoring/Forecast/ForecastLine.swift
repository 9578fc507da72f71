import Certificates
package import FoundationEssentials
package import Probing

/// Converts a probe's outcomes for several dates to the changes between them. Pure.
package enum ForecastLine {
    /// The worst finding about each certificate, and about all else, by the certificate.
    private typealias Verdicts = [Thumbprint?: Finding]

    /// The changes of verdict between the outcomes of one probe, in order of their dates. Each certificate is followed by itself, whatever
    /// else is wrong.
    package static func events(of key: ProbeKey, _ outcomes: [(date: Date, outcome: Outcome)]) -> [ForecastEvent] {
        var events: [ForecastEvent] = []
        var known: Verdicts?
        for (date, outcome) in outcomes.sorted(by: { $0.date < $1.date }) {
            let verdicts = verdicts(outcome)
            guard let before = known else {
                // An outcome that could not judge and has seen no certificate says nothing about that day.
                let hasSeen = outcome.observations.contains { $0.validity != nil }
                if hasSeen || !verdicts.isEmpty || outcome.decisive?.severity != .unknown { known = verdicts }
                continue
            }
            let changed = verdicts.filter { !isSame(before[$0.key], $0.value) }
            for finding in changed.values { events.append(event(key, date, finding)) }
            // A probe may end at a failure: what is not mentioned then may not have been looked at.
            let isComplete = !outcome.findings.contains { $0.severity == .failure || isUnreached($0) }
            if isComplete, changed.isEmpty, before.contains(where: { $0.value.severity == .failure && verdicts[$0.key] == nil }) {
                events.append(event(key, date, verdicts.values.min { $0.sentence < $1.sentence }))
            } else if verdicts.isEmpty, isComplete, !before.isEmpty {
                events.append(event(key, date, nil))
            }
            known = isComplete ? verdicts : before.merging(verdicts) { $1 }
        }
        return events
    }

    /// What is wrong in an outcome: the worst finding about each certificate, and about all else. Without what could not be judged.
    package static func problems(of key: ProbeKey, _ outcome: Outcome, at date: Date) -> [ForecastEvent] {
        verdicts(outcome) { $0.severity != .unknown }.values.map { event(key, date, $0) }
    }

    private static func verdicts(_ outcome: Outcome, where isCounted: (Finding) -> Bool = { !isUnreached($0) }) -> Verdicts {
        var worst: Verdicts = [:]
        for severity in [Finding.Severity.failure, .warning] {
            for finding in outcome.findings where finding.severity == severity && isCounted(finding) {
                worst[finding.certificate] = worst[finding.certificate] ?? finding
            }
        }
        return worst
    }

    private static func isSame(_ left: Finding?, _ right: Finding) -> Bool {
        left?.severity == right.severity && left?.reason == right.reason
    }

    /// Whether a finding says nothing about other days.
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
            thumbprint: finding?.certificate?.description, cause: finding?.cause?.description,
            remedy: finding?.remedy(on: "", isTarget: key.isTarget))
    }
}
