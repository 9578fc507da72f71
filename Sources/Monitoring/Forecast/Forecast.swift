import Certificates
package import FoundationEssentials
package import Probing

/// The predicted changes of probe results, based on the certificates seen. Each event is the result of running the probe for that date.
package struct Forecast: Codable, Sendable {
    package var generated: Date
    package var until: Date
    /// What warns or fails today, dated when it was seen; sorted by date.
    package var today: [ForecastEvent]
    /// Sorted by date.
    package var events: [ForecastEvent]
    /// Probes that could not reach or judge their target today, so that events may be missing; sorted by probe and server.
    package var unreached: [ForecastGap]
    /// What the forecast does not include, one sentence each.
    package var notes: [String]

    package init(
        generated: Date, until: Date, today: [ForecastEvent], events: [ForecastEvent], unreached: [ForecastGap], notes: [String]
    ) {
        self.generated = generated
        self.until = until
        self.today = today
        self.events = events
        self.unreached = unreached
        self.notes = notes
    }

    /// Events grouped by date, change, probe, reason and certificate, so that those of several servers are together; sorted by date.
    package static func grouped(_ events: [ForecastEvent]) -> [[ForecastEvent]] {
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

/// A change of one probe's verdict at a date, if nothing is renewed.
package struct ForecastEvent: Codable, Sendable, Hashable {
    /// What changes.
    package enum Change: String, Codable, Sendable {
        /// From this date on the probe succeeds with a warning.
        case warns
        /// From this date on it fails, but the certificate is still valid.
        case fails
        /// From this date on it fails because the certificate has expired.
        case breaks
        /// From this date on it succeeds again.
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
    /// The thumbprint (40 hexadecimal digits) of the certificate it is about; nil if the finding names none.
    package var thumbprint: String?
    /// The other probe that monitors the root cause; nil if there is none.
    package var cause: String?
    /// What to do, before this date if it is to come.
    package var remedy: String?

    /// The server, or the target's address; empty for organization-wide probes.
    package var place: String { [server, address ?? ""].filter { !$0.isEmpty }.joined(separator: " ") }
}

/// A probe whose future results could not be predicted.
package struct ForecastGap: Codable, Sendable, Hashable {
    /// `HealthSet\Name[\Target]`
    package var probe: String
    package var server: String
    package var address: String?
    package var reason: String
    package var sentence: String

    package init(_ key: ProbeKey, _ finding: Finding) {
        probe = key.identity.description
        server = key.server
        address = key.address.isEmpty ? nil : key.address
        reason = finding.reason.rawValue
        sentence = finding.sentence
    }

    /// The server, or the target's address; empty for organization-wide probes.
    package var place: String { [server, address ?? ""].filter { !$0.isEmpty }.joined(separator: " ") }
}
