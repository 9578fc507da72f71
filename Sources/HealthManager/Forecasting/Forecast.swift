import Certificates
package import FoundationEssentials

/// What will warn, fail and break, and when, by the certificates seen. Each line is what the probe says when it is asked about that day.
package struct Forecast: Codable, Sendable {
    package var generated: Date
    package var until: Date
    /// In the order of their dates.
    package var events: [ForecastEvent]
    /// What could not be reached or judged today, and so may lack in the events; in the order of probes and servers.
    package var unreached: [ForecastGap]
    /// What could not be looked at, one sentence each.
    package var notes: [String]

    /// Events that say the same of several servers, together; in the order of their dates.
    package var grouped: [[ForecastEvent]] {
        struct Same: Hashable {
            var date: Date
            var change: ForecastEvent.Change
            var probe: String
            var reason: String?
            var thumbprint: String?
        }
        var groups: [[ForecastEvent]] = []
        var known: [Same: Int] = [:]
        for event in events {
            let same = Same(date: event.date, change: event.change, probe: event.probe, reason: event.reason, thumbprint: event.thumbprint)
            if let index = known[same] {
                groups[index].append(event)
            } else {
                known[same] = groups.count
                groups.append([event])
            }
        }
        return groups
    }
}

package struct ForecastEvent: Codable, Sendable, Hashable {
    package enum Change: String, Codable, Sendable {
        /// From then on the probe succeeds with a warning.
        case warns
        /// From then on it fails, and the certificate still serves.
        case fails
        /// From then on it fails because the certificate has ended.
        case breaks
        /// From then on it succeeds again.
        case recovers
    }

    package var date: Date
    package var change: Change
    /// `HealthSet\Name[\Target]`
    package var probe: String
    package var server: String
    package var address: String?
    package var reason: String?
    package var sentence: String
    /// The certificate it is about, 40 hexadecimal digits, where the finding names one.
    package var thumbprint: String?
    /// The probe that watches the root cause, where another one does.
    package var cause: String?
    /// What must be done before.
    package var remedy: String?

    /// The server, or the target's address; empty for what is the organization's.
    package var place: String { [server, address ?? ""].filter { !$0.isEmpty }.joined(separator: " ") }
}

/// A probe that could not be asked about the days to come.
package struct ForecastGap: Codable, Sendable, Hashable {
    /// `HealthSet\Name[\Target]`
    package var probe: String
    package var server: String
    package var address: String?
    package var reason: String
    package var sentence: String

    init(_ key: ProbeKey, _ finding: Finding) {
        probe = key.identity.description
        server = key.server
        address = key.address.isEmpty ? nil : key.address
        reason = finding.reason.rawValue
        sentence = finding.sentence
    }

    /// The server, or the target's address; empty for what is the organization's.
    package var place: String { [server, address ?? ""].filter { !$0.isEmpty }.joined(separator: " ") }
}

/// A probe's verdicts on several dates, made into the changes between them. Pure.
enum ForecastLine {
    private struct Verdict: Equatable {
        var severity: Finding.Severity?
        var reason: Reason?
    }

    static func events(of key: ProbeKey, _ outcomes: [(date: Date, outcome: Outcome)]) -> [ForecastEvent] {
        var events: [ForecastEvent] = []
        var before: Verdict?
        for (date, outcome) in outcomes.sorted(by: { $0.date < $1.date }) {
            let finding = outcome.decisive
            let verdict = Verdict(severity: finding?.severity, reason: finding?.reason)
            // What could not be judged says nothing of that day, and the network of today nothing of a day to come.
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

    /// Whether a run that found this saw too little to speak of days to come.
    static func isUnreached(_ finding: Finding) -> Bool { finding.severity == .unknown || finding.reason.isOfTheNetwork }

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
            reason: finding?.reason.rawValue, sentence: finding?.sentence ?? "all is well again",
            thumbprint: finding?.certificate?.description, cause: finding?.cause?.description, remedy: finding?.reason.remedy)
    }
}
