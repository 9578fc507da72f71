import FoundationEssentials
import HealthManager

/// What must be there after the next start, as far as it is on disk: a new file begins with it.
struct StandingTruth: Sendable {
    /// How long an episode that has ended, and an attempt, still matter to a new process; an attempt matters also as long as its episode.
    /// A day is how long the end of a trouble is tried to be told.
    static let endedKept: TimeInterval = 86400
    static let attemptsKept: TimeInterval = 86400

    /// In SQL, whether an episode still matters, and whether an attempt does for the sake of one.
    static func episodeStands(at now: Date) -> String { "(ended IS NULL OR ended >= \((now - endedKept).milliseconds))" }
    static func attemptStands(at now: Date) -> String {
        "json_extract(body, '$.episode') IN (SELECT id FROM episode WHERE \(episodeStands(at: now)))"
    }

    var overrides: [UUID: Override] = [:]
    var maintenance: [UUID: Maintenance] = [:]
    var episodes: [UUID: Episode] = [:]
    var attempts: [UUID: Attempt] = [:]

    /// An episode as it is after what was known of it: an end, an acknowledgement and an escalation are never taken back.
    func merged(_ episode: Episode) -> Episode {
        guard let known = episodes[episode.id] else { return episode }
        var merged = episode
        merged.ended = episode.ended ?? known.ended
        merged.acknowledged = episode.acknowledged ?? known.acknowledged
        merged.escalated = episode.escalated ?? known.escalated
        return merged
    }

    /// Those that a new override takes the place of.
    func replaced(by override: Override) -> [Override] { overrides.values.filter { $0.id != override.id && override.key == $0.key } }

    /// Those that a new maintenance takes the place of: a requester has one word on a component.
    func replaced(by new: Maintenance) -> [Maintenance] {
        maintenance.values.filter { $0.id != new.id && $0.key == new.key }
    }

    /// Drops what has become too old to matter.
    mutating func age(to now: Date) {
        episodes = episodes.filter { $0.value.ended.map { now.timeIntervalSince($0) <= Self.endedKept } ?? true }
        attempts = attempts.filter { now.timeIntervalSince($0.value.at) <= Self.attemptsKept || episodes[$0.value.episode] != nil }
    }

    func carried(at now: Date) -> Carried {
        var aged = self
        aged.age(to: now)
        var carried = Carried()
        // Also those whose date is over: the date may be wrong.
        carried.overrides = aged.overrides.values.sorted { $0.at < $1.at }
        carried.maintenance = aged.maintenance.values.sorted { $0.at < $1.at }
        carried.episodes = aged.episodes.values.sorted { $0.began < $1.began }
        carried.attempts = aged.attempts.values.sorted { $0.at < $1.at }
        return carried
    }
}
