import Certificates
import FoundationEssentials
import Monitoring
import Probing

/// A certificate that probes have seen, wherever its copies are.
struct SeenCertificate: Sendable {
    let facts: CertificateFacts
    /// What it is: `OAuth certificate (current)`, `TLS certificate of mail.fabrikam.com`.
    let name: String
    /// Where it was seen, sorted.
    let places: [String]
    /// Whether its end matters: not of a previous OAuth certificate, nor of an issuer that servers send along.
    let isInUse: Bool
    /// Whether a probe judges how long it is valid.
    let isJudged: Bool
    /// When it becomes a warning and a failure, by the probes that judge it; of one that is not in use, its end.
    let turns: ExpiryDates

    /// Every certificate of the latest results, the one that ends first at the beginning.
    static func all(in snapshot: Snapshot) -> [SeenCertificate] {
        let thresholds = snapshot.agent.thresholds
        var sightings: [String: [Sighting]] = [:]
        for probe in snapshot.probes {
            for sighting in (probe.latest?.outcome.observations ?? []).compactMap({ Sighting($0, probe, thresholds) }) {
                sightings[sighting.facts.fingerprintSHA256, default: []].append(sighting)
            }
        }
        return sightings.values.compactMap { SeenCertificate($0, thresholds) }.sorted {
            ($0.facts.notAfter, $0.facts.fingerprintSHA256) < ($1.facts.notAfter, $1.facts.fingerprintSHA256)
        }
    }

    /// One observation of it.
    private struct Sighting {
        let facts: CertificateFacts
        let what: String
        let place: String
        let isInUse: Bool
        /// Nil if the probe does not judge it.
        let turns: ExpiryDates?

        init?(_ observation: Observation, _ probe: ProbeState, _ thresholds: Thresholds) {
            let here = ProbeWords.place(probe.key) ?? "the organization"
            switch observation {
            case .oauthCertificate(let copy):
                facts = copy.facts
                what = "OAuth certificate" + (copy.slot == .unknown ? "" : " (\(copy.slot.rawValue))")
                place = copy.server.isEmpty ? copy.source.rawValue : "\(copy.server) (\(copy.source.rawValue))"
                isInUse = copy.slot != .previous
            case .peerCertificate(_, let depth, _, let facts):
                self.facts = facts
                what = depth == 0 ? "TLS certificate" : "Issuer"
                place = here
                isInUse = depth == 0
            case .fileCertificate(let file):
                facts = file.facts
                what = "Certificate file"
                place = file.place
                isInUse = true
            case .credential(let facts):
                self.facts = facts
                what = "The agent's own certificate"
                place = here
                isInUse = true
            default: return nil
            }
            if case .oauthCertificate(let copy) = observation, copy.slot == .previous {
                turns = nil
            } else {
                turns = ExpiryDates(facts, observation, in: probe, thresholds)
            }
        }
    }

    private init?(_ sightings: [Sighting], _ thresholds: Thresholds) {
        guard let first = sightings.first(where: \.isInUse) ?? sightings.first else { return nil }
        facts = first.facts
        places = Set(sightings.map(\.place)).sorted()
        isInUse = sightings.contains(where: \.isInUse)
        let judged = ExpiryDates(earliestOf: sightings.compactMap(\.turns))
        isJudged = judged != nil
        turns = judged ?? ExpiryDates(first.facts, isInUse ? thresholds : .validNow)
        let subject = first.facts.names.first ?? first.facts.subject
        name = first.what.hasPrefix("OAuth") ? first.what : "\(first.what) \(subject)"
    }

    /// Whether it has ended at this date.
    func isOver(at now: Date) -> Bool { facts.notAfter <= now }

    /// Whether it ends within a week of this date.
    func endsWithinAWeek(of now: Date) -> Bool { !isOver(at: now) && facts.notAfter <= now + 7 * 86400 }

    /// One that is neither in use nor judged is no problem when it ends.
    func standing(at now: Date) -> Standing {
        if isOver(at: now) { return isInUse || isJudged ? .failing : .unknown }
        return now >= turns.failure ? .failing : now >= turns.warning ? .warning : .passing
    }

    /// `expired`, `12 d`
    func daysLeft(at now: Date) -> String {
        let days = Int((facts.notAfter.timeIntervalSince(now) / 86400).rounded(.down))
        return days < 0 ? "expired" : "\(days) d"
    }
}

/// What comes next, if nothing is renewed.
struct Cliff: Sendable {
    let words: String
    let on: PageTime

    /// Of the certificates in use; nil where none will expire.
    init?(_ certificates: [SeenCertificate], at now: Date) {
        let events = certificates.filter(\.isInUse).flatMap { seen -> [(date: Date, words: String)] in
            let turns = [
                (seen.turns.warning, "becomes a warning"), (seen.turns.failure, "becomes a failure"), (seen.facts.notAfter, "expires"),
            ]
            // The last word counts where several turns are one.
            return turns.enumerated().filter { index, turn in !turns[(index + 1)...].contains { $0.0 == turn.0 } }
                .map { ($0.element.0, "\(seen.name) \($0.element.1)") }
        }
        guard let next = events.filter({ $0.date > now }).min(by: { $0.date < $1.date }) else { return nil }
        words = next.words
        on = PageTime(next.date, at: now)
    }
}
