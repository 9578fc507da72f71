import DequeModule
package import FoundationEssentials
package import Monitoring
import Probing

/// Limits the actions of each responder, per server and across all servers. A pure value.
///
/// Times are `TimeSource.elapsed`; attempts of an earlier process are counted by their age.
package struct Throttle: Sendable {
    private struct Scope: Hashable {
        var responder: String
        /// Nil means across all servers.
        var server: String?
    }

    /// Why an action is not allowed now.
    package struct Refusal: Sendable, Hashable {
        /// As a clause.
        package var why: String
        /// The earliest time (`TimeSource.elapsed`) at which it may be allowed; nil means never.
        package var until: Duration?
    }

    private static let hour: Duration = .seconds(3600)
    private static let day: Duration = .seconds(86400)

    private var begun: [Scope: Deque<Duration>] = [:]

    package init() {}

    /// - Parameters:
    ///   - attempts: those of an earlier process; refused ones do not count, a problem and its recovery count once.
    ///   - elapsed: the current `TimeSource.elapsed`.
    ///   - now: the current wall-clock time, from which the age of the attempts is computed.
    package init(_ attempts: [Attempt], at elapsed: Duration, _ now: Date) {
        struct Telling: Hashable { let responder: String, episode: UUID }
        let made = attempts.filter { $0.outcome != .refused }
        let told = Set(made.lazy.filter(\.isOfTrouble).map { Telling(responder: $0.responder, episode: $0.episode) })
        for attempt in made.sorted(by: { $0.at < $1.at }) {
            // The notifications of a problem and of its recovery count once.
            if !attempt.isOfTrouble, told.contains(Telling(responder: attempt.responder, episode: attempt.episode)) { continue }
            // An attempt in the future was recorded before the clock was set back; it counts as just made.
            let age = Duration.seconds(max(0, now.timeIntervalSince(attempt.at)))
            count(attempt.responder, server: attempt.server, at: elapsed - age)
        }
    }

    /// Checks whether the responder may act on that server now and, if so, counts the action.
    /// - Returns: nil if the action is allowed.
    package mutating func refusal(_ responder: Responder, server: String, at elapsed: Duration) -> Refusal? {
        let scopes = [
            (Scope(responder: responder.name, server: server), responder.perServer, "on this server"),
            (Scope(responder: responder.name, server: nil), responder.acrossServers, "across all servers"),
        ]
        var why: String?
        var until = elapsed
        for (scope, limits, place) in scopes {
            let memory = max(Self.day, limits.minimumBetween)
            while let first = begun[scope]?.first, elapsed - first >= memory { begun[scope]?.removeFirst() }
            let times = begun[scope] ?? []
            let bounds = [
                (1, limits.minimumBetween, "less than \(DurationText.format(limits.minimumBetween)) since the last action \(place)"),
                (limits.perHour, Self.hour, "limit of \(limits.perHour) per hour reached \(place)"),
                (limits.perDay, Self.day, "limit of \(limits.perDay) per day reached \(place)"),
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
        begun[Scope(responder: responder, server: server), default: []].append(elapsed)
        begun[Scope(responder: responder, server: nil), default: []].append(elapsed)
    }
}
