import FoundationEssentials
import Monitoring
import Probing

/// The state of responder actions: made, to be retried, and waiting. A pure value; `ResponderDispatcher` carries the actions out.
struct AnswerBook {
    /// An action of a responder, made at most once per episode.
    struct Question: Hashable {
        var responder: String
        var trigger: Responder.Trigger
    }

    /// A failed action without effect that is to be retried.
    struct Retry {
        var failures: Int
        /// `TimeSource.elapsed` of the first failure.
        var since: Duration
        /// `TimeSource.elapsed` of the next try.
        var due: Duration
    }

    /// An action that is due later: refused for now, or to be retried.
    struct Wait {
        var question: Question
        var episode: Episode
        /// `TimeSource.elapsed` of the next try; nil once settled.
        var due: Duration?
    }

    /// Delay before the first retry; doubled after each failure, up to `longestPause`.
    private static let firstPause: Duration = .seconds(30)
    private static let longestPause: Duration = .seconds(900)
    /// How long the notification of a recovery is retried.
    private static let endWorthTelling: Duration = .seconds(86400)

    /// A time that is never reached; actions waiting for it are retried after the next decision.
    static let never = Duration.seconds(Int64.max / 2)

    var throttle: Throttle
    /// The outcome of each action so far, by episode; removed when the episode is over.
    var answers: [UUID: [Question: Attempt.Outcome]] = [:]
    /// Those of the actions that are to be retried.
    private(set) var retries: [UUID: [Question: Retry]] = [:]
    /// In order of arrival.
    private(set) var waits: [Wait] = []
    /// The earliest time at which one of `waits` is due.
    private(set) var due = never

    /// - Parameter restored: the episodes and attempts of an earlier process.
    init(_ restored: RestoredState, at elapsed: Duration, _ now: Date) {
        throttle = Throttle(restored.attempts, at: elapsed, now)
        take(restored.attempts, of: Set(restored.episodes.map(\.id)), at: elapsed, now)
    }

    /// Adds what other agents did.
    /// - Parameter own: the attempts of an earlier process of this agent, which are known already.
    mutating func learn(_ records: ActionRecords, knowing own: [Attempt], at elapsed: Duration, _ now: Date) {
        let known = Set(own.map(\.id))
        let others = records.attempts.values.filter { !known.contains($0.id) }
        throttle = Throttle(own + others, at: elapsed, now)
        take(others, of: Set(records.episodes.keys), at: elapsed, now)
    }

    private mutating func take(_ attempts: [Attempt], of episodes: Set<UUID>, at elapsed: Duration, _ now: Date) {
        for attempt in attempts.sorted(by: { $0.at < $1.at }) where episodes.contains(attempt.episode) {
            guard let trigger = Responder.Trigger(rawValue: attempt.trigger) else { continue }
            let question = Question(responder: attempt.responder, trigger: trigger)
            if attempt.outcome == .refused, answers[attempt.episode]?[question] != nil { continue }
            answers[attempt.episode, default: [:]][question] = attempt.outcome
            if attempt.isUndone == true {
                failed(question, in: attempt.episode, at: elapsed - .seconds(max(0, now.timeIntervalSince(attempt.at))))
            } else if attempt.outcome != .refused {
                retries[attempt.episode]?[question] = nil
            }
        }
    }

    /// Records a failure without effect.
    /// - Returns: when to retry.
    @discardableResult
    mutating func failed(_ question: Question, in episode: UUID, at elapsed: Duration) -> Duration {
        var retry = retries[episode]?[question] ?? Retry(failures: 0, since: elapsed, due: elapsed)
        retry.due = elapsed + min(Self.longestPause, Self.firstPause * (1 << min(retry.failures, 10)))
        retry.failures += 1
        retries[episode, default: [:]][question] = retry
        answers[episode, default: [:]][question] = .failed
        return retry.due
    }

    /// The pending retry of an action; nil if there is none, or if it is a recovery that is too old to be notified.
    func retry(_ question: Question, in episode: UUID, at elapsed: Duration) -> Retry? {
        guard let retry = retries[episode]?[question] else { return nil }
        return question.trigger == .recovered && elapsed - retry.since > Self.endWorthTelling ? nil : retry
    }

    /// Records that an action was done or is no longer to be retried. For an episode that is over, all other state is dropped.
    mutating func done(_ question: Question, in episode: UUID, isOver: Bool = false) {
        guard retries[episode]?.removeValue(forKey: question) != nil else { return }
        if retries[episode]?.isEmpty == true { retries[episode] = nil }
        if question.trigger == .recovered || isOver && retries[episode] == nil { answers[episode] = nil }
    }

    /// Whether the responder was successfully notified of the problem.
    func wasTold(_ responder: String, of episode: Episode) -> Bool {
        Responder.Trigger.ofTrouble.contains { trigger in
            let question = Question(responder: responder, trigger: trigger)
            let outcome = answers[episode.id]?[question]
            return outcome != nil && outcome != .refused && retries[episode.id]?[question] == nil
        }
    }

    mutating func wait(_ question: Question, _ episode: Episode, until due: Duration) {
        waits.append(Wait(question: question, episode: episode, due: due))
        self.due = min(self.due, due)
    }

    /// The waiting actions that are due, with their indices in `waits`.
    func due(at elapsed: Duration) -> [(Int, Wait)] {
        waits.indices.filter { waits[$0].due.map { $0 <= elapsed } ?? false }.map { ($0, waits[$0]) }
    }

    /// Sets the next try of a waiting action.
    /// - Parameter due: nil if it is settled.
    mutating func settle(_ index: Int, until due: Duration?) { waits[index].due = due }

    /// Removes settled actions and updates `due`.
    mutating func sweep() {
        waits.removeAll { $0.due == nil }
        due = waits.lazy.compactMap(\.due).min() ?? Self.never
    }

    /// Makes all waiting actions due now.
    mutating func retryAll() {
        for index in waits.indices { waits[index].due = .zero }
        due = waits.isEmpty ? Self.never : .zero
    }

    /// Continues an episode under another name, with what has been done in either.
    mutating func move(from earlier: UUID, to episode: UUID) {
        answers[episode, default: [:]].merge(answers.removeValue(forKey: earlier) ?? [:]) { own, other in own == .refused ? other : own }
        if let retry = retries.removeValue(forKey: earlier) { retries[episode, default: [:]].merge(retry) { own, _ in own } }
    }

    /// Drops the state of an episode that is over; only a pending notification of its recovery remains.
    mutating func forget(_ episode: UUID) {
        // Without any recorded action, nothing of the episode waits.
        guard answers.removeValue(forKey: episode) != nil else { return }
        retries[episode] = retries[episode].map { $0.filter { $0.key.trigger == .recovered } }.flatMap { $0.isEmpty ? nil : $0 }
        for question in (retries[episode] ?? [:]).keys { answers[episode, default: [:]][question] = .failed }
        waits.removeAll { $0.episode.id == episode && $0.question.trigger != .recovered }
    }
}

extension Responder.Trigger {
    /// Whether a delayed action still applies to the current state.
    func isAbout(_ episode: Episode, in state: HealthState) -> Bool {
        switch self {
        case .degraded: state == .degraded
        // An escalation remains valid if a changed definition now waits longer.
        case .unhealthy: state == .unhealthy || state == .degraded && episode.escalated != nil
        case .recovered: false
        }
    }
}
