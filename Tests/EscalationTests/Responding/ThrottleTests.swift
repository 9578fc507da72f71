import Escalation
import FoundationEssentials
import Monitoring
import Probing
import Testing

private struct Row: Sendable, CustomTestStringConvertible {
    /// A second at which an action is asked for on a server, and the answer.
    struct Ask: Sendable {
        var at: Int
        var server: String
        var refusal: String?

        init(_ at: Int, _ server: String = "a", _ refusal: String? = nil) {
            self.at = at
            self.server = server
            self.refusal = refusal
        }
    }

    var fact: String
    var perServer: ThrottleLimits
    var acrossServers: ThrottleLimits
    /// Seconds ago, and what came of it.
    var earlier: [(ago: Int, server: String, outcome: Attempt.Outcome)] = []
    var asks: [Ask]

    init(
        _ fact: String, perServer: ThrottleLimits = .none, acrossServers: ThrottleLimits = .none,
        earlier: [(ago: Int, server: String, outcome: Attempt.Outcome)] = [], _ asks: [Ask]
    ) {
        self.fact = fact
        self.perServer = perServer
        self.acrossServers = acrossServers
        self.earlier = earlier
        self.asks = asks
    }

    var testDescription: String { fact }
}

extension ThrottleLimits {
    fileprivate static let none = ThrottleLimits(minimumBetween: .zero, perHour: 1000, perDay: 1000)

    fileprivate static func between(_ seconds: Int) -> ThrottleLimits {
        ThrottleLimits(minimumBetween: .seconds(seconds), perHour: 1000, perDay: 1000)
    }

    fileprivate static func hourly(_ count: Int) -> ThrottleLimits { ThrottleLimits(minimumBetween: .zero, perHour: count, perDay: 1000) }
    fileprivate static func daily(_ count: Int) -> ThrottleLimits { ThrottleLimits(minimumBetween: .zero, perHour: 1000, perDay: count) }
}

@Suite struct ThrottleTests {
    private static let rows: [Row] = [
        Row("the first is let through", perServer: .between(600), [.init(0)]),
        Row(
            "a second within the minimum is refused, one at its end is not", perServer: .between(600),
            [.init(0), .init(599, "a", "less than 10m since the last action on this server"), .init(600)]),
        Row("another server has its own minimum", perServer: .between(600), [.init(0), .init(1, "b"), .init(2, "c")]),
        Row(
            "the minimum over all servers holds between servers", acrossServers: .between(60),
            [.init(0), .init(59, "b", "less than 1m since the last action across all servers"), .init(60, "b")]),
        Row(
            "what is refused does not count", perServer: .between(600), acrossServers: .hourly(2),
            [
                .init(0), .init(1, "a", "less than 10m since the last action on this server"), .init(2, "b"),
                .init(3, "c", "limit of 2 per hour reached across all servers"),
            ]),
        Row(
            "a refusal over all servers does not count on the server", perServer: .between(600), acrossServers: .between(60),
            [.init(0), .init(1, "b", "less than 1m since the last action across all servers"), .init(61, "b")]),
        Row(
            "so many an hour, and the hour moves on", perServer: .hourly(2),
            [
                .init(0), .init(1800), .init(3599, "a", "limit of 2 per hour reached on this server"), .init(3600),
                .init(3601, "a", "limit of 2 per hour reached on this server"), .init(5400),
            ]),
        Row(
            "so many a day, and the day moves on", perServer: .daily(2),
            [
                .init(0), .init(40_000), .init(86_399, "a", "limit of 2 per day reached on this server"), .init(86_400),
                .init(86_401, "a", "limit of 2 per day reached on this server"),
            ]),
        Row(
            "two limits: the later end counts", perServer: .between(600), acrossServers: .hourly(1),
            [
                .init(0), .init(599, "a", "less than 10m since the last action on this server"),
                .init(601, "a", "limit of 1 per hour reached across all servers"),
            ]),
        Row(
            "a minimum of more than a day holds", perServer: .between(172_800),
            [.init(0), .init(90_000, "a", "less than 2d since the last action on this server"), .init(172_800)]),
        Row("none an hour is never", perServer: .hourly(0), [.init(0, "a", "limit of 0 per hour reached on this server")]),
        Row(
            "what an earlier process did counts by its age", perServer: .between(600), earlier: [(500, "a", .succeeded)],
            [
                .init(0, "a", "less than 10m since the last action on this server"),
                .init(99, "a", "less than 10m since the last action on this server"),
                .init(100),
            ]),
        Row(
            "what was begun and not known to have ended counts, and what failed", perServer: .between(600),
            earlier: [(10, "a", .begun), (10, "b", .failed)],
            [
                .init(0, "a", "less than 10m since the last action on this server"),
                .init(0, "b", "less than 10m since the last action on this server"),
            ]),
        Row("what was refused earlier does not", perServer: .between(600), earlier: [(10, "a", .refused)], [.init(0)]),
        Row("what is older than a day does not", perServer: .daily(1), earlier: [(86_400, "a", .succeeded)], [.init(0)]),
        Row(
            "what a clock that was set back puts into the future counts as just now", perServer: .between(600),
            earlier: [(-5000, "a", .succeeded)],
            [.init(599, "a", "less than 10m since the last action on this server"), .init(600)]),
    ]

    @Test("a trouble of an earlier process and its end count once, an end alone counts")
    func troubleAndEnd() {
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        var responder = Responder(name: "r", action: .command(["true"]))
        responder.perServer = ThrottleLimits(minimumBetween: .zero, perHour: 2, perDay: 100)
        responder.acrossServers = .telling
        func attempt(_ trigger: String, _ episode: UUID, _ server: String) -> Attempt {
            Attempt(
                responder: "r", monitor: "m", server: server, episode: episode, trigger: trigger, at: now.addingTimeInterval(-60),
                outcome: .succeeded)
        }
        let episode = UUID()
        let attempts = [
            attempt("unhealthy", episode, "a"), attempt("recovered", episode, "a"), attempt("recovered", UUID(), "b"),
            attempt("recovered", UUID(), "b"),
        ]
        var throttle = Throttle(attempts, at: .seconds(100), now)
        #expect(throttle.refusal(responder, server: "a", at: .seconds(100)) == nil)
        #expect(throttle.refusal(responder, server: "a", at: .seconds(100)) != nil)
        #expect(throttle.refusal(responder, server: "b", at: .seconds(100)) != nil)
    }

    @Test("each limit, alone and over all servers", arguments: rows)
    private func play(_ row: Row) {
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        var responder = Responder(name: "r", action: .command(["true"]))
        responder.perServer = row.perServer
        responder.acrossServers = row.acrossServers
        let attempts = row.earlier.map { earlier in
            Attempt(
                responder: "r", monitor: "m", server: earlier.server, episode: UUID(), trigger: "unhealthy",
                at: now.addingTimeInterval(-Double(earlier.ago)), outcome: earlier.outcome)
        }
        // The clock of a process that has just started stands at nothing: what was before lies below it.
        var throttle = Throttle(attempts, at: .zero, now)
        for (number, ask) in row.asks.enumerated() {
            let refusal = throttle.refusal(responder, server: ask.server, at: .seconds(ask.at))
            #expect(refusal?.why == ask.refusal, "\(number + 1)")
            guard let until = refusal?.until else { continue }
            var (before, then) = (throttle, throttle)
            #expect(before.refusal(responder, server: ask.server, at: until - .nanoseconds(1)) != nil, "\(number + 1)")
            #expect(then.refusal(responder, server: ask.server, at: until) == nil, "\(number + 1)")
        }
    }

    @Test("of a limit that never ends no time is told")
    func never() {
        var throttle = Throttle()
        var responder = Responder(name: "r", action: .command(["true"]))
        responder.perServer = .hourly(0)
        #expect(throttle.refusal(responder, server: "a", at: .zero)?.until == nil)
    }

    @Test("two responders do not count for each other")
    func names() {
        var throttle = Throttle()
        for name in ["one", "two"] {
            #expect(throttle.refusal(Responder(name: name, action: .command(["true"])), server: "a", at: .zero) == nil)
        }
    }
}
