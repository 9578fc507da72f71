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
        var older: [RunName: [Run]] = [:]
        var failed = FailedRuns()
        var troubles = TroubleSpans()

        mutating func takeOlder(_ key: ProbeKey) -> [Run] { older.removeValue(forKey: RunName(key)) ?? [] }

        /// Whether there is room for the runs of a probe.
        mutating func hasRoom(for key: ProbeKey) -> Bool {
            gone.remove(key)
            if runs[key] != nil || runs.count < RecentRuns.mostProbes { return true }
            for key in gone {
                runs[key] = nil
                troubles.remove(key)
            }
            gone = []
            return runs.count < RecentRuns.mostProbes
        }
    }

    private let state = Mutex(State())

    package init() {}

    package func changed(_ change: CacheChange) {
        switch change {
        case .ran(let result): add(result)
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
    func of(_ key: ProbeKey) -> ArraySlice<Run> { state.withLock { ($0.runs[key] ?? $0.older[RunName(key)] ?? []).suffix(Self.length) } }

    /// When the trouble of a probe's latest result began; nil if it has none, or that is not known.
    func troubled(_ key: ProbeKey) -> Date? { state.withLock { $0.troubles.began(key) } }

    /// The latest runs of a probe that did not succeed, the oldest first.
    func failed(_ key: ProbeKey) -> [ProbeResult] { state.withLock { $0.failed.of(key) } }

    /// A run that did not succeed; nil if it is not kept.
    func failed(_ id: RequestID) -> ProbeResult? { state.withLock { $0.failed.run(id) } }

    /// Puts the runs that an earlier process left before those of this one.
    /// - Parameter records: of results, the newest first.
    func restore(_ records: [HistoryRecord]) {
        let groups = Dictionary(grouping: records) { RunName(subject: $0.subject, server: $0.server) }
        let older = groups.mapValues { records in
            records.prefix(Self.length).reversed().map { Run(Standing($0), .seconds($0.durationSeconds ?? 0)) }
        }
        state.withLock { state in
            state.older = older
            state.troubles.restore(groups)
            for key in state.runs.keys { state.runs[key] = state.takeOlder(key) + (state.runs[key] ?? []).suffix(Self.length) }
        }
    }

    private func add(_ result: ProbeResult) {
        let (key, run) = (result.key, Run(Standing(result), result.duration))
        state.withLock { state in
            state.failed.add(result)
            guard state.hasRoom(for: key) else { return }
            state.troubles.add(result, isFirst: state.runs[key] == nil)
            var all = state.runs.removeValue(forKey: key) ?? state.takeOlder(key)
            if all.count >= Self.length { all.removeFirst(all.count - Self.length + 1) }
            all.append(run)
            state.runs[key] = all
        }
    }
}

/// What the history calls a probe.
struct RunName: Hashable {
    let subject: String
    let server: String

    init(subject: String, server: String) { (self.subject, self.server) = (subject, server) }
    init(_ key: ProbeKey) { self.init(subject: key.identity.description, server: key.server) }
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
