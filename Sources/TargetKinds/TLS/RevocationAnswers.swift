import FoundationEssentials
import Synchronization

/// What authorities have said of certificates, kept no longer than it holds: what they said of one for an hour, a list until the next is due.
final class RevocationAnswers: Sendable {
    struct Key: Hashable, Sendable {
        var url: String
        /// Fingerprints.
        var certificate: String
        var issuer: String
    }

    private struct ListKey: Hashable {
        var url: String
        var issuer: String
    }

    private struct State {
        var answers: [Key: (answer: RevocationAnswer, until: Date)] = [:]
        var lists: [ListKey: (bytes: [UInt8], until: Date)] = [:]
    }

    /// Of answers, and of lists that do not say when the next is due; in seconds.
    private static let longest: TimeInterval = 3600
    /// The maximum number of answers; when there are more, all are dropped.
    private static let mostAnswers = 10_000
    /// The maximum size of all lists together, in bytes; when there are more, all are dropped.
    private static let mostBytes = 64 << 20

    private let state = Mutex(State())

    /// Nil if there is none, or it must be asked for again.
    /// - Parameter date: nil: the last answer, however old.
    func answer(_ key: Key, at date: Date?) -> RevocationAnswer? {
        state.withLock { state in state.answers[key].flatMap { date ?? .distantPast < $0.until ? $0.answer : nil } }
    }

    func keep(_ answer: RevocationAnswer, _ key: Key, at date: Date) {
        let until = min(date.addingTimeInterval(Self.longest), answer.nextUpdate ?? .distantFuture)
        state.withLock { state in
            if state.answers.count >= Self.mostAnswers { state.answers = [:] }
            state.answers[key] = (answer, until)
        }
    }

    /// The list at a URL that the certificates of an issuer name; nil if there is none, or it must be fetched again.
    /// - Parameter issuer: its fingerprint.
    func list(_ url: String, issuer: String, at date: Date) -> [UInt8]? {
        state.withLock { $0.lists[ListKey(url: url, issuer: issuer)].flatMap { date < $0.until ? $0.bytes : nil } }
    }

    /// - Parameter nextUpdate: nil: the list does not say.
    func keep(_ list: [UInt8], _ url: String, issuer: String, until nextUpdate: Date?, at date: Date) {
        state.withLock { state in
            let key = ListKey(url: url, issuer: issuer)
            state.lists[key] = nil
            if state.lists.values.reduce(list.count, { $0 + $1.bytes.count }) > Self.mostBytes { state.lists = [:] }
            state.lists[key] = (list, nextUpdate ?? date.addingTimeInterval(Self.longest))
        }
    }

    func clear() { state.withLock { $0 = State() } }
}
