import FoundationEssentials
package import Monitoring
import Probing
import Synchronization

/// The last runs of each probe, for the strips of the status page. Bounded in both directions.
package final class RecentRuns: ResultObserver {
    /// How a run ended, in four bytes.
    struct Run: Sendable {
        /// In tenths of a millisecond.
        private let packed: UInt32

        init(_ standing: Standing, _ duration: Duration) {
            let length = UInt32(min(max((duration.seconds * 10_000).rounded(), 0), Double(1 << 28)))
            packed = length << 3 | UInt32(standing.rank)
        }

        var standing: Standing { Standing.allCases[Int(packed & 7)] }
        var milliseconds: Double { Double(packed >> 3) / 10 }
    }

    /// As many runs as a strip has bars.
    static let length = 40
    /// Further probes have no strip: the memory is bounded.
    private static let mostProbes = 20_000

    private struct State {
        var version = 0
        var runs: [ProbeKey: [Run]] = [:]
        /// Probes that were removed: at a restart all of them are, and most come back.
        var gone: Set<ProbeKey> = []
        /// What an earlier process left of probes that have not run in this one.
        var older: [Name: [Run]] = [:]

        mutating func takeOlder(_ key: ProbeKey) -> [Run] { older.removeValue(forKey: Name(key)) ?? [] }

        /// Whether there is room for the runs of a probe.
        mutating func hasRoom(for key: ProbeKey) -> Bool {
            gone.remove(key)
            if runs[key] != nil || runs.count < RecentRuns.mostProbes { return true }
            for key in gone { runs[key] = nil }
            gone = []
            return runs.count < RecentRuns.mostProbes
        }
    }

    private let state = Mutex(State())

    package init() {}

    package func changed(_ change: CacheChange) {
        switch change {
        case .ran(let result): add(Run(Standing(result), result.duration), of: result.key)
        case .removed(let key):
            state.withLock { state in
                state.version += 1
                if state.runs[key] != nil { state.gone.insert(key) }
            }
        case .adopted, .moved, .escalated, .decided, .expired: state.withLock { $0.version += 1 }
        case .updated: break
        }
    }

    /// Changes with every change but a further result that changes no monitor's state.
    var version: Int { state.withLock(\.version) }

    /// The oldest first.
    func of(_ key: ProbeKey) -> ArraySlice<Run> { state.withLock { ($0.runs[key] ?? $0.older[Name(key)] ?? []).suffix(Self.length) } }

    /// Puts the runs that an earlier process left before those of this one.
    /// - Parameter records: of results, the newest first.
    func restore(_ records: [HistoryRecord]) {
        let older = Dictionary(grouping: records) { Name(subject: $0.subject, server: $0.server) }.mapValues { records in
            records.prefix(Self.length).reversed().map { Run(Standing($0), .seconds($0.durationSeconds ?? 0)) }
        }
        state.withLock { state in
            state.older = older
            for key in state.runs.keys { state.runs[key] = state.takeOlder(key) + (state.runs[key] ?? []).suffix(Self.length) }
        }
    }

    /// What the history calls a probe.
    private struct Name: Hashable {
        let subject: String
        let server: String

        init(subject: String, server: String) { (self.subject, self.server) = (subject, server) }
        init(_ key: ProbeKey) { self.init(subject: key.identity.description, server: key.server) }
    }

    private func add(_ run: Run, of key: ProbeKey) {
        state.withLock { state in
            guard state.hasRoom(for: key) else { return }
            var all = state.runs.removeValue(forKey: key) ?? state.takeOlder(key)
            if all.count >= Self.length { all.removeFirst(all.count - Self.length + 1) }
            all.append(run)
            state.runs[key] = all
        }
    }
}

extension Standing {
    /// Of a result in the history, which says of a success only whether there was a reason to warn.
    init(_ record: HistoryRecord) {
        switch ResultType.allCases.first(where: { $0.name == record.what }) {
        case .succeeded: self = record.reason == nil ? .passing : .warning
        case .rejected, .quarantined, nil: self = .unknown
        default: self = .failing
        }
    }
}
