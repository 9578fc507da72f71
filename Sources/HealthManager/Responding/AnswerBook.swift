import FoundationEssentials

/// What responders were asked, what came of it, and what waits. A value without effects; the desk carries out what follows.
struct AnswerBook {
    /// What a responder is asked once in an episode.
    struct Question: Hashable {
        var responder: String
        var trigger: Responder.Trigger
    }

    /// What nobody could be told so far.
    struct Retry {
        var failures: Int
        /// `TimeSource.elapsed` of the first failure.
        var since: Duration
        /// When it is to be tried again.
        var due: Duration
    }

    struct Wait {
        var question: Question
        var episode: Episode
        /// When it is to be tried; nil once that is settled.
        var due: Duration?
    }

    /// Between two tries of what could not be done: twice as long after each failure, up to the longest.
    private static let firstPause: Duration = .seconds(30)
    private static let longestPause: Duration = .seconds(900)
    /// How long the end of a trouble is worth telling.
    private static let endWorthTelling: Duration = .seconds(86400)

    /// Not before something is decided.
    static let never = Duration.seconds(Int64.max / 2)

    var throttle: Throttle
    /// How each episode was answered so far; gone with it.
    var answers: [UUID: [Question: Attempt.Outcome]] = [:]
    /// Of those answers, what is to be tried again.
    private(set) var retries: [UUID: [Question: Retry]] = [:]
    /// First come, first served.
    private(set) var waits: [Wait] = []
    /// When the first of them is to be tried.
    private(set) var due = never

    /// - Parameter carried: what an earlier process left.
    init(_ carried: Carried, at elapsed: Duration, _ now: Date) {
        throttle = Throttle(carried.attempts, at: elapsed, now)
        let episodes = Set(carried.episodes.map(\.id))
        for attempt in carried.attempts.sorted(by: { $0.at < $1.at }) where episodes.contains(attempt.episode) {
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

    /// Notes that nobody could be told.
    /// - Returns: when to try again.
    @discardableResult
    mutating func failed(_ question: Question, in episode: UUID, at elapsed: Duration) -> Duration {
        var retry = retries[episode]?[question] ?? Retry(failures: 0, since: elapsed, due: elapsed)
        retry.due = elapsed + min(Self.longestPause, Self.firstPause * (1 << min(retry.failures, 10)))
        retry.failures += 1
        retries[episode, default: [:]][question] = retry
        answers[episode, default: [:]][question] = .failed
        return retry.due
    }

    /// What is still to be tried again; nil where it is not, or not worth it any more.
    func retry(_ question: Question, in episode: UUID, at elapsed: Duration) -> Retry? {
        guard let retry = retries[episode]?[question] else { return nil }
        return question.trigger == .recovered && elapsed - retry.since > Self.endWorthTelling ? nil : retry
    }

    /// It was done, or is not to be done any more. Of an episode that is over nothing else is remembered.
    mutating func done(_ question: Question, in episode: UUID, isOver: Bool = false) {
        guard retries[episode]?.removeValue(forKey: question) != nil else { return }
        if retries[episode]?.isEmpty == true { retries[episode] = nil }
        if question.trigger == .recovered || isOver && retries[episode] == nil { answers[episode] = nil }
    }

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

    /// What is to be tried now, and its places.
    func due(at elapsed: Duration) -> [(Int, Wait)] {
        waits.indices.filter { waits[$0].due.map { $0 <= elapsed } ?? false }.map { ($0, waits[$0]) }
    }

    /// - Parameter due: when it is to be tried again; nil is never.
    mutating func settle(_ index: Int, until due: Duration?) { waits[index].due = due }

    /// Forgets what is settled.
    mutating func sweep() {
        waits.removeAll { $0.due == nil }
        due = waits.lazy.compactMap(\.due).min() ?? Self.never
    }

    mutating func retryAll() {
        for index in waits.indices { waits[index].due = .zero }
        due = waits.isEmpty ? Self.never : .zero
    }

    /// The episode is over: all that may still have to be told is its end.
    mutating func forget(_ episode: UUID) {
        // What nobody was asked does not wait.
        guard answers.removeValue(forKey: episode) != nil else { return }
        retries[episode] = retries[episode].map { $0.filter { $0.key.trigger == .recovered } }.flatMap { $0.isEmpty ? nil : $0 }
        for question in (retries[episode] ?? [:]).keys { answers[episode, default: [:]][question] = .failed }
        waits.removeAll { $0.episode.id == episode && $0.question.trigger != .recovered }
    }
}
