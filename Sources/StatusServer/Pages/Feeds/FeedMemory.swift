import FoundationEssentials
import Synchronization

/// What the feed has said before: an entry keeps its ID while its problem lasts, and no date goes back.
final class FeedMemory: Sendable {
    /// What an entry says, as a whole.
    struct Words: Sendable, Equatable {
        let title: String
        let summary: String
        let category: String
    }

    struct Entry: Sendable {
        /// When the problem began, as it was first seen.
        let began: Date
        /// When the words last changed.
        fileprivate(set) var updated: Date
        fileprivate var words: Words
        fileprivate var seen: Date
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var updated = Date.distantPast
    }

    /// After so long without a look, all of whose places began since is another problem.
    private static let longestGap = 3600.0

    private let state = Mutex(State())

    /// Takes what is wrong now.
    /// - Parameters:
    ///   - problems: by what stays the same of each, with the date on which the oldest of its places began.
    ///   - started: when the agent did, for a feed that has had no entry yet.
    /// - Returns: the same problems, and the date of the latest change of all.
    func take(
        _ problems: [String: (since: Date, words: Words)], at now: Date, started: Date
    ) -> (entries: [String: Entry], updated: Date) {
        state.withLock { state in
            var entries: [String: Entry] = [:]
            for (id, problem) in problems {
                if var known = state.entries[id], problem.since < known.seen + Self.longestGap {
                    if known.words != problem.words { known.updated = max(known.updated, now) }
                    (known.words, known.seen) = (problem.words, now)
                    entries[id] = known
                } else {
                    entries[id] = Entry(began: problem.since, updated: problem.since, words: problem.words, seen: now)
                }
            }
            let isOneGone = state.entries.keys.contains { entries[$0] == nil }
            state.updated = ([state.updated, started] + entries.values.map(\.updated) + (isOneGone ? [now] : [])).max() ?? started
            state.entries = entries
            return (entries, state.updated)
        }
    }
}
