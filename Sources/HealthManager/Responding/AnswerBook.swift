import FoundationEssentials

/// What responders were asked, what came of it, and what waits. A value without effects; the desk carries out what follows.
struct AnswerBook {
    /// What a responder is asked once in an episode.
    struct Question: Hashable {
        var responder: String
        var trigger: Responder.Trigger
    }

    struct Wait {
        var question: Question
        var episode: Episode
        /// When it is to be tried; nil once that is settled.
        var due: Duration?
    }

    /// Not before something is decided.
    static let never = Duration.seconds(Int64.max / 2)

    var throttle: Throttle
    /// How each episode was answered so far; gone with it.
    var answers: [UUID: [Question: Attempt.Outcome]] = [:]
    /// First come, first served.
    private(set) var waits: [Wait] = []
    /// When the first of them is to be tried.
    private(set) var due = never

    /// - Parameter carried: what an earlier process left.
    init(_ carried: Carried, at elapsed: Duration, _ now: Date) {
        throttle = Throttle(carried.attempts, at: elapsed, now)
        let episodes = Set(carried.episodes.map(\.id))
        for attempt in carried.attempts where episodes.contains(attempt.episode) {
            guard let trigger = Responder.Trigger(rawValue: attempt.trigger) else { continue }
            let question = Question(responder: attempt.responder, trigger: trigger)
            if attempt.outcome == .refused, answers[attempt.episode]?[question] != nil { continue }
            answers[attempt.episode, default: [:]][question] = attempt.outcome
        }
    }

    func wasTold(_ responder: String, of episode: Episode) -> Bool {
        Responder.Trigger.ofTrouble.contains { trigger in
            let outcome = answers[episode.id]?[Question(responder: responder, trigger: trigger)]
            return outcome != nil && outcome != .refused
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

    /// The episode is over.
    mutating func forget(_ episode: UUID) {
        // What nobody was asked does not wait.
        guard answers.removeValue(forKey: episode) != nil else { return }
        waits.removeAll { $0.episode.id == episode }
    }
}
