import FoundationEssentials
import Monitoring

/// The state that must survive a restart, as far as it is on disk: a new database file is created with it.
struct DurableState: Sendable {
    /// How long an ended episode, and an attempt, are restored, in seconds; an attempt is also restored as long as its episode is.
    /// The notification of a recovery is retried for a day.
    static let endedKept: TimeInterval = 86400
    static let attemptsKept: TimeInterval = 86400

    /// SQL conditions: whether an episode is restored, and whether an attempt is because of its episode.
    static func episodeStands(at now: Date) -> String { "(ended IS NULL OR ended >= \((now - endedKept).milliseconds))" }
    static func attemptStands(at now: Date) -> String {
        "json_extract(body, '$.episode') IN (SELECT id FROM episode WHERE \(episodeStands(at: now)))"
    }

    var overrides: [UUID: Override] = [:]
    var maintenance: [UUID: Maintenance] = [:]
    var episodes: [UUID: Episode] = [:]
    var attempts: [UUID: Attempt] = [:]

    /// The new form of an episode merged with the known one: an end, an acknowledgement and an escalation are never reverted.
    func merged(_ episode: Episode) -> Episode {
        guard let known = episodes[episode.id] else { return episode }
        var merged = episode
        merged.ended = episode.ended ?? known.ended
        merged.acknowledged = episode.acknowledged ?? known.acknowledged
        merged.escalated = episode.escalated ?? known.escalated
        return merged
    }

    /// The overrides that a new one replaces.
    func replaced(by override: Override) -> [Override] { overrides.values.filter { $0.id != override.id && override.key == $0.key } }

    /// The maintenance entries that a new one replaces: there is one per requester and component.
    func replaced(by new: Maintenance) -> [Maintenance] {
        maintenance.values.filter { $0.id != new.id && $0.key == new.key }
    }

    /// Drops episodes and attempts that are too old to be restored.
    mutating func age(to now: Date) {
        episodes = episodes.filter { $0.value.ended.map { now.timeIntervalSince($0) <= Self.endedKept } ?? true }
        attempts = attempts.filter { now.timeIntervalSince($0.value.at) <= Self.attemptsKept || episodes[$0.value.episode] != nil }
    }

    func restored(at now: Date) -> RestoredState {
        var aged = self
        aged.age(to: now)
        var restored = RestoredState()
        // Including expired ones: the system date may be wrong.
        restored.overrides = aged.overrides.values.sorted { $0.at < $1.at }
        restored.maintenance = aged.maintenance.values.sorted { $0.at < $1.at }
        restored.episodes = aged.episodes.values.sorted { $0.began < $1.began }
        restored.attempts = aged.attempts.values.sorted { $0.at < $1.at }
        return restored
    }
}
