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

    /// Every certificate of the latest results, the one that ends first at the beginning.
    static func all(in snapshot: Snapshot) -> [SeenCertificate] {
        var sightings: [String: [Sighting]] = [:]
        for probe in snapshot.probes {
            for sighting in (probe.latest?.outcome.observations ?? []).compactMap({ Sighting($0, key: probe.key) }) {
                sightings[sighting.facts.fingerprintSHA256, default: []].append(sighting)
            }
        }
        return sightings.values.compactMap(SeenCertificate.init).sorted {
            ($0.facts.notAfter, $0.facts.fingerprintSHA256) < ($1.facts.notAfter, $1.facts.fingerprintSHA256)
        }
    }

    /// One observation of it.
    private struct Sighting {
        let facts: CertificateFacts
        let what: String
        let place: String
        let isInUse: Bool

        init?(_ observation: Observation, key: ProbeKey) {
            let here = ProbeWords.place(key) ?? "the organization"
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
        }
    }

    private init?(_ sightings: [Sighting]) {
        guard let first = sightings.first(where: \.isInUse) ?? sightings.first else { return nil }
        facts = first.facts
        places = Set(sightings.map(\.place)).sorted()
        isInUse = sightings.contains(where: \.isInUse)
        let subject = first.facts.names.first ?? first.facts.subject
        name = first.what.hasPrefix("OAuth") ? first.what : "\(first.what) \(subject)"
    }

    /// When it begins to be a warning and a failure, by the agent's thresholds.
    func turns(_ thresholds: Thresholds) -> (warning: Date, failure: Date) {
        let lifetime = Duration.seconds(facts.notAfter.timeIntervalSince(facts.notBefore))
        return (
            facts.notAfter - thresholds.warning(lifetime: lifetime).seconds, facts.notAfter - thresholds.failure(lifetime: lifetime).seconds
        )
    }

    func standing(at now: Date, _ thresholds: Thresholds) -> Standing {
        let (warning, failure) = turns(thresholds)
        return now >= failure ? .failing : now >= warning ? .warning : .passing
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
    init?(_ certificates: [SeenCertificate], at now: Date, _ thresholds: Thresholds) {
        let events = certificates.filter(\.isInUse).flatMap { seen -> [(date: Date, words: String)] in
            let (warning, failure) = seen.turns(thresholds)
            return [(warning, "becomes a warning"), (failure, "becomes a failure"), (seen.facts.notAfter, "expires")].map { date, what in
                (date, "\(seen.name) \(what)")
            }
        }
        guard let next = events.filter({ $0.date > now }).min(by: { $0.date < $1.date }) else { return nil }
        words = next.words
        on = PageTime(next.date, at: now)
    }
}
