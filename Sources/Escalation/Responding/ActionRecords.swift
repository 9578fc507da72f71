import Documents
import FoundationEssentials
import Monitoring

/// What the agents that share a lock file did about episodes. A pure value; `ResponderLock` keeps it as lines of JSON.
struct ActionRecords: Sendable {
    /// One line of the file; one of the values is set.
    struct Line: Codable, Sendable {
        var holder: String?
        /// The current state of an attempt, without its detail.
        var attempt: Attempt?
        /// The current state of an episode with attempts.
        var episode: Episode?
        /// The episode of the earlier holder that `episode` continues: the same problem, as this agent saw it.
        var continues: UUID?

        static func holder(_ name: String) -> Line { Line(holder: name) }

        static func attempt(_ attempt: Attempt) -> Line {
            var attempt = attempt
            attempt.detail = ""
            return Line(attempt: attempt)
        }
    }

    /// How long, in seconds, ended episodes and attempts of no episode are kept: throttles look back a day, and so do recoveries.
    private static let keptFor: TimeInterval = 86400

    /// Open ones, and those that ended within a day.
    private(set) var episodes: [UUID: Episode] = [:]
    /// Those of these episodes, and all of the last day.
    private(set) var attempts: [UUID: Attempt] = [:]

    init() {}

    /// - Parameter lines: of a file; what is not a line of this format is skipped.
    init(lines: [UInt8], at now: Date) {
        for text in lines.split(separator: UInt8(ascii: "\n")) {
            guard let line = try? JSONText.decode(Line.self, from: text) else { continue }
            if let attempt = line.attempt { attempts[attempt.id] = attempt }
            guard let episode = line.episode else { continue }
            episodes[episode.id] = episode
            guard let earlier = line.continues, episodes.removeValue(forKey: earlier) != nil else { continue }
            for (id, attempt) in attempts where attempt.episode == earlier { attempts[id]?.episode = episode.id }
        }
        episodes = episodes.filter { $0.value.ended.map { now.timeIntervalSince($0) < Self.keptFor } ?? true }
        attempts = attempts.filter { episodes[$0.value.episode] != nil || now.timeIntervalSince($0.value.at) < Self.keptFor }
    }

    /// Episodes first, each in order of time.
    var lines: [Line] {
        episodes.values.sorted { $0.began < $1.began }.map { Line(episode: $0) }
            + attempts.values.sorted { $0.at < $1.at }.map { .attempt($0) }
    }
}
