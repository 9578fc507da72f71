import FoundationEssentials
import HealthManager
import Probing
import Synchronization
import TestSupport
import Testing

/// The `retries` of a definition: how often a run is repeated, and what ends that.
@Suite(.timeLimit(.minutes(1))) struct RetryTests {
    /// One attempt: what it finds, and how long it takes.
    private struct Attempt: Sendable {
        var finding: Finding?
        var takes: Duration = .zero

        static let succeeds = Attempt()
        static let fails = Attempt(finding: finding(.failure, .connectRefused))
        static let warns = Attempt(finding: finding(.warning, .certificateExpiresSoon))
        static let cannotJudge = Attempt(finding: finding(.unknown, .notObserved))
        static let timesOut = Attempt(finding: finding(.failure, .connectTimeout))

        static func fails(after time: Duration) -> Attempt { Attempt(finding: fails.finding, takes: time) }

        private static func finding(_ severity: Finding.Severity, _ reason: Reason) -> Finding {
            Finding(severity, stage: .connect, reason: reason, sentence: "it was so")
        }
    }

    /// Each run is the next attempt; the last one repeats.
    private final class Attempts: Probe {
        private let attempts: [Attempt]
        private let time: ManualTime
        /// The time left at the begin of each run.
        private let begun = Mutex<[Duration]>([])

        init(_ attempts: [Attempt], _ time: ManualTime) {
            self.attempts = attempts
            self.time = time
        }

        var left: [Duration] { begun.withLock(\.self) }

        func run(_ context: RunContext) async -> Outcome {
            let number = begun.withLock { begun in
                begun.append(context.deadline)
                return begun.count - 1
            }
            let attempt = attempts[min(number, attempts.count - 1)]
            if attempt.takes > .zero { time.advance(by: attempt.takes) }
            var outcome = Outcome()
            outcome.findings = attempt.finding.map { [$0] } ?? []
            return outcome
        }
    }

    private let time = ManualTime()
    private static let key = ProbeKey(identity: ProbeIdentity(healthSet: "Mail", name: "Probe"), site: .server("mbx01"))

    private func run(_ probe: Attempts, retries: Int) async throws -> ProbeResult {
        let result = await ProbeRunner(time: time).run(probe, key: Self.key, kind: "test", retries: retries, timeout: .seconds(5))
        return try #require(result)
    }

    @Test("a failing run is repeated as often as the definition says, and not once without 'retries'", arguments: [0, 1, 3])
    func count(
        retries: Int
    ) async throws {
        let probe = Attempts([.fails], time)
        let result = try await run(probe, retries: retries)
        #expect(result.type == .failed && result.retryCount == retries)
        #expect(probe.left.count == retries + 1)
    }

    @Test("the first success ends it, and is the result, with the number of retries before it")
    func success() async throws {
        let probe = Attempts([.fails, .timesOut, .succeeds, .fails], time)
        let result = try await run(probe, retries: 9)
        #expect(result.type == .succeeded && result.retryCount == 2 && result.outcome.findings == [])
        #expect(probe.left.count == 3)
    }

    @Test("what is no failure is not repeated")
    func others() async throws {
        for (attempt, type) in [(Attempt.succeeds, ResultType.succeeded), (.warns, .succeeded), (.cannotJudge, .rejected)] {
            let probe = Attempts([attempt, .fails], time)
            let result = try await run(probe, retries: 3)
            #expect(result.type == type && result.retryCount == 0 && probe.left.count == 1)
        }
    }

    @Test("all attempts share the timeout: each has what the earlier ones have left, and none begins after it")
    func timeout() async throws {
        let probe = Attempts([.fails(after: .seconds(2)), .fails(after: .seconds(2)), .fails(after: .seconds(1)), .succeeds], time)
        let result = try await run(probe, retries: 10)
        #expect(probe.left == [.seconds(5), .seconds(3), .seconds(1)])
        #expect(result.type == .failed && result.retryCount == 2 && result.duration == .seconds(5))
    }
}
