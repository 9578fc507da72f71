package import FoundationEssentials
import Probing

/// An alert as sent to Alertmanager: one problem, on all servers that have it.
///
/// Two agents that detect the same problem produce alerts with the same labels, which Alertmanager deduplicates.
package struct Alert: Sendable, Hashable, Codable {
    /// `alertname`, `health_set`, `severity`, and either `thumbprint` or `server`, `target` and `address` (those that are not empty).
    package var labels: [String: String]
    package var annotations: [String: String]
    package var startsAt: Date
    /// When it was resolved; nil while it is firing.
    package var endsAt: Date?
}

/// Converts episodes to alerts. Pure.
package enum AlertBook {
    /// An episode whose alert is due, and since when it is silenced, if it is.
    package struct Member: Sendable {
        var episode: Episode
        /// When maintenance started: the alert is resolved from then on. One that is acknowledged goes on, and says so.
        var silencedSince: Date?
        /// `it began 5 times within 1h`; nil unless its monitor is flapping.
        var flapping: String?

        package init(episode: Episode, silencedSince: Date? = nil, flapping: String? = nil) {
            self.episode = episode
            self.silencedSince = silencedSince
            self.flapping = flapping
        }
    }

    /// Groups episodes about one certificate into one alert, on whichever servers they are. Sorted by name, start and labels.
    package static func alerts(_ members: [Member]) -> [Alert] {
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
        var annotations = [
            "summary": firing.isEmpty ? "resolved: \(first.monitor)" : summary(first, shown),
            "description": firing.isEmpty ? over(members) : description(first, shown), "probe": "\(first.healthSet)\\\(first.probe)",
        ]
        let servers = Set(shown.map(\.episode.server)).sorted().filter { !$0.isEmpty }
        if !servers.isEmpty { annotations["servers"] = servers.joined(separator: ", ") }
        if !firing.isEmpty {
            annotations["flapping"] = flapping(shown)
            annotations["acknowledged"] = acknowledgement(shown)
        }
        if !firing.isEmpty, let reason = first.reason {
            annotations["reason"] = reason.rawValue
            annotations["remedy"] = first.remedy(on: servers.count == 1 ? servers[0] : "")
        }
        let ends = members.compactMap { [$0.episode.ended, $0.silencedSince].compactMap(\.self).min() }
        // If the clock was set back, it would end before it starts, and Alertmanager would reject it.
        let end = firing.isEmpty ? ends.max().map { max($0, began) } : nil
        return Alert(labels: labels, annotations: annotations, startsAt: began, endsAt: end)
    }

    /// The description of an alert that fires: what is wrong, whether it comes and goes, and who has acknowledged it.
    private static func description(_ first: Episode, _ shown: [Member]) -> String {
        let notes = [flapping(shown).map { "Flapping: \($0)" }, acknowledgement(shown).map { "Acknowledged \($0)" }].compactMap(\.self)
        guard !notes.isEmpty else { return first.sentence }
        return ([first.sentence] + notes).map { $0.hasSuffix(".") ? $0 : $0 + "." }.joined(separator: " ")
    }

    /// How often what is shown came and went, as one clause, with the place if it is one of several; nil if nothing is flapping.
    private static func flapping(_ shown: [Member]) -> String? {
        let flapping = shown.filter { $0.flapping != nil }
        guard let first = flapping.first, let clause = first.flapping else { return nil }
        let place = first.episode.place
        return shown.count == 1 || place.isEmpty ? clause : "\(clause) on \(place)"
    }

    /// The description of an alert that no longer fires.
    private static func over(_ members: [Member]) -> String {
        members.contains { $0.episode.ended == nil } ? "In maintenance: not alerting." : "The episode has ended."
    }

    /// Who has acknowledged all that is shown, as one clause; nil if somebody still has to.
    private static func acknowledgement(_ shown: [Member]) -> String? {
        let all = shown.compactMap(\.episode.acknowledged)
        guard all.count == shown.count, let first = all.first else { return nil }
        return "by \(first.by) at \(first.at.formatted(.iso8601))" + (first.comment.isEmpty ? "" : ": \(first.comment)")
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
