package import FoundationEssentials

/// What Alertmanager is told: one trouble, on as many servers as have it.
///
/// Two agents that see the same trouble make alerts with the same labels: Alertmanager takes them for one.
package struct Alert: Sendable, Hashable, Codable {
    /// `alertname`, `health_set`, `severity`, and what tells this trouble from others: the certificate, or the place.
    package var labels: [String: String]
    package var annotations: [String: String]
    package var startsAt: Date
    /// When it was over; nil while it is not.
    package var endsAt: Date?
}

/// Makes alerts of episodes. Pure.
enum AlertBook {
    /// An episode whose alert is due, and since when it is held back, if it is.
    struct Member {
        var episode: Episode
        /// Maintenance begun or acknowledged: from then on the alert is over.
        var silencedSince: Date?
    }

    /// Episodes about one certificate are one alert, whichever servers they are on.
    static func alerts(_ members: [Member]) -> [Alert] {
        Dictionary(grouping: members) { labels($0.episode) }.compactMap { labels, members in alert(labels, members) }
            .sorted {
                ($0.labels["alertname"] ?? "", $0.startsAt, $0.labels.description) < (
                    $1.labels["alertname"] ?? "", $1.startsAt, $1.labels.description
                )
            }
    }

    private static func labels(_ episode: Episode) -> [String: String] {
        var labels = ["alertname": episode.monitor, "health_set": episode.healthSet, "severity": episode.severity.rawValue]
        if let thumbprint = episode.thumbprint {
            labels["thumbprint"] = thumbprint
        } else {
            labels["server"] = episode.server
            labels["target"] = episode.target ?? ""
            labels["address"] = episode.address
        }
        return labels.filter { !$0.value.isEmpty }
    }

    private static func alert(_ labels: [String: String], _ members: [Member]) -> Alert? {
        let firing = members.filter { $0.episode.ended == nil && $0.silencedSince == nil }
        let shown = (firing.isEmpty ? members : firing).sorted {
            ($0.episode.server, $0.episode.began) < ($1.episode.server, $1.episode.began)
        }
        guard let first = shown.first?.episode, let began = shown.map(\.episode.began).min() else { return nil }
        var annotations = ["summary": summary(first, shown), "description": first.sentence, "probe": "\(first.healthSet)\\\(first.probe)"]
        let servers = Set(shown.map(\.episode.server)).sorted().filter { !$0.isEmpty }
        if !servers.isEmpty { annotations["servers"] = servers.joined(separator: ", ") }
        if let reason = first.reason {
            annotations["reason"] = reason.rawValue
            annotations["remedy"] = reason.remedy
        }
        let ends = members.compactMap { [$0.episode.ended, $0.silencedSince].compactMap(\.self).min() }
        // By a clock that was set back it would end before it began, and be refused.
        let end = firing.isEmpty ? ends.max().map { max($0, began) } : nil
        return Alert(labels: labels, annotations: annotations, startsAt: began, endsAt: end)
    }

    private static func summary(_ first: Episode, _ shown: [Member]) -> String {
        let places = shown.map {
            [$0.episode.server, $0.episode.target ?? "", $0.episode.address].filter { !$0.isEmpty }.joined(separator: " ")
        }
        let known = Set(places).subtracting([""]).sorted()
        let place =
            known.isEmpty ? "" : " on " + known.prefix(5).joined(separator: ", ") + (known.count > 5 ? " and \(known.count - 5) more" : "")
        return "\(first.monitor): \(first.reason?.rawValue ?? "unhealthy")\(place)"
    }
}
