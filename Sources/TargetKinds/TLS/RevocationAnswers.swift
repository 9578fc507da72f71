import FoundationEssentials
import Synchronization

/// What authorities have said of certificates, kept for an hour and no longer than it holds.
final class RevocationAnswers: Sendable {
    struct Key: Hashable, Sendable {
        var url: String
        /// Fingerprints.
        var certificate: String
        var issuer: String
    }

    /// In seconds.
    private static let longest: TimeInterval = 3600
    /// The maximum number of answers; when there are more, all are dropped.
    private static let limit = 10_000

    private let answers = Mutex<[Key: (answer: RevocationAnswer, until: Date)]>([:])

    /// Nil if there is none, or it must be asked for again.
    /// - Parameter date: nil: the last answer, however old.
    func answer(_ key: Key, at date: Date?) -> RevocationAnswer? {
        answers.withLock { answers in answers[key].flatMap { date ?? .distantPast < $0.until ? $0.answer : nil } }
    }

    func keep(_ answer: RevocationAnswer, _ key: Key, at date: Date) {
        let until = min(date.addingTimeInterval(Self.longest), answer.nextUpdate ?? .distantFuture)
        answers.withLock { answers in
            if answers.count >= Self.limit { answers = [:] }
            answers[key] = (answer, until)
        }
    }

    func clear() { answers.withLock { $0 = [:] } }
}
