import DequeModule
package import FoundationEssentials

/// Lets so many actions through, and no more: for each responder on each server, and over all servers. A pure value.
///
/// Times are `TimeSource.elapsed`; what an earlier process did is taken over by its age.
package struct Throttle: Sendable {
    private struct Lane: Hashable {
        var responder: String
        /// Nil is all servers together.
        var server: String?
    }

    /// Why an action may not be taken now.
    package struct Refusal: Sendable, Hashable {
        /// In a clause.
        package var why: String
        /// From when on it may be taken, unless another one is before; nil is never.
        package var until: Duration?
    }

    private static let hour: Duration = .seconds(3600)
    private static let day: Duration = .seconds(86400)

    private var begun: [Lane: Deque<Duration>] = [:]

    package init() {}

    /// - Parameter attempts: those of an earlier process; the wall clock tells their age.
    package init(_ attempts: [Attempt], at elapsed: Duration, _ now: Date) {
        struct Telling: Hashable { let responder: String, episode: UUID }
        let made = attempts.filter { $0.outcome != .refused }
        let told = Set(made.lazy.filter(\.isOfTrouble).map { Telling(responder: $0.responder, episode: $0.episode) })
        for attempt in made.sorted(by: { $0.at < $1.at }) {
            // A trouble and its end count once.
            if !attempt.isOfTrouble, told.contains(Telling(responder: attempt.responder, episode: attempt.episode)) { continue }
            // One of the future was written before the clock was set back: it counts as just now.
            let age = Duration.seconds(max(0, now.timeIntervalSince(attempt.at)))
            count(attempt.responder, server: attempt.server, at: elapsed - age)
        }
    }

    /// Whether the responder may act on that server now; if so, it counts as having acted.
    /// - Returns: why not, and until when; nil when it may.
    package mutating func refusal(_ responder: Responder, server: String, at elapsed: Duration) -> Refusal? {
        let lanes = [
            (Lane(responder: responder.name, server: server), responder.perServer, "on this server"),
            (Lane(responder: responder.name, server: nil), responder.acrossServers, "over all servers"),
        ]
        var why: String?
        var until = elapsed
        for (lane, limits, place) in lanes {
            let memory = max(Self.day, limits.minimumBetween)
            while let first = begun[lane]?.first, elapsed - first >= memory { begun[lane]?.removeFirst() }
            let times = begun[lane] ?? []
            let bounds = [
                (1, limits.minimumBetween, "less than \(DurationText.format(limits.minimumBetween)) since the last time \(place)"),
                (limits.perHour, Self.hour, "\(limits.perHour) times within an hour \(place)"),
                (limits.perDay, Self.day, "\(limits.perDay) times within a day \(place)"),
            ]
            for (count, span, clause) in bounds where times.count >= count {
                guard count > 0 else { return Refusal(why: clause, until: nil) }
                let free = times[times.count - count] + span
                guard free > elapsed else { continue }
                why = why ?? clause
                until = max(until, free)
            }
        }
        if let why { return Refusal(why: why, until: until) }
        count(responder.name, server: server, at: elapsed)
        return nil
    }

    private mutating func count(_ responder: String, server: String, at elapsed: Duration) {
        begun[Lane(responder: responder, server: server), default: []].append(elapsed)
        begun[Lane(responder: responder, server: nil), default: []].append(elapsed)
    }
}
