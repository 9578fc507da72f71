import FoundationEssentials
package import Monitoring
import Synchronization

/// A journal that lasts as long as the test.
package final class MemoryJournal: Journal {
    private struct State {
        var entries: [JournalEntry] = []
        var settled = 0
        var isBroken = false
    }

    private let state = Mutex(State())

    package init() {}

    package func record(_ entry: JournalEntry) { state.withLock { $0.entries.append(entry) } }

    package func flush() async throws(JournalError) {
        let isBroken = state.withLock { state in
            state.settled = state.entries.count
            return state.isBroken
        }
        if isBroken { throw JournalError("broken") }
    }

    package func persist(_ entry: JournalEntry) async throws(JournalError) {
        record(entry)
        try await flush()
    }

    package func history(_ query: HistoryQuery) async throws(JournalError) -> [HistoryRecord] { [] }
    package var facts: JournalFacts { JournalFacts() }

    package func breakDown() { state.withLock { $0.isBroken = true } }

    /// In the order recorded.
    package var entries: [JournalEntry] { state.withLock(\.entries) }

    /// Attempts in the order noted, each as it was then.
    package var attempts: [Attempt] {
        state.withLock { state in state.entries.compactMap { if case .attempt(let attempt) = $0 { attempt } else { nil } } }
    }

    /// Attempts that had been noted before the latest settling.
    package var settledAttempts: [Attempt] {
        state.withLock { state in
            state.entries.prefix(state.settled).compactMap { if case .attempt(let attempt) = $0 { attempt } else { nil } }
        }
    }

    /// How many decisions have ended.
    package var ended: Int {
        state.withLock { state in
            state.entries.count { entry in
                switch entry {
                case .overrideEnded, .maintenanceEnded: true
                default: false
                }
            }
        }
    }

    /// What an agent that starts now would find.
    package var restored: RestoredState {
        var restored = RestoredState()
        var episodes: [UUID: Episode] = [:]
        var attempts: [UUID: Attempt] = [:]
        for entry in state.withLock(\.entries) {
            switch entry {
            case .episode(let episode): episodes[episode.id] = episode
            case .attempt(let attempt): attempts[attempt.id] = attempt
            case .maintenance(let maintenance): restored.maintenance.append(maintenance)
            case .maintenanceEnded(let maintenance, _, _): restored.maintenance.removeAll { $0.id == maintenance.id }
            default: break
            }
        }
        restored.episodes = Array(episodes.values)
        restored.attempts = Array(attempts.values)
        return restored
    }
}
