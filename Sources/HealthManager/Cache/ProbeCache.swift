import FoundationEssentials
import Monitoring
import Probing

/// The state of every probe of the roster and of its monitors. A pure value: each change returns what is to be published, in order.
struct ProbeCache: Sendable {
    private var states: [ProbeKey: ProbeState] = [:]
    /// The probes without a result since the cache was last cleared.
    private(set) var unrun: Set<ProbeKey> = []
    private var board: MonitorBoard

    /// - Parameter restored: the open and recently ended episodes of an earlier process.
    init(restored: [Episode], at date: Date) { board = MonitorBoard(restored: restored, at: date) }

    var count: Int { states.count }
    /// The statuses of all monitors, in no order.
    var statuses: [MonitorStatus] { board.statuses }
    /// The monitor counts of each health set on each server, sorted by key.
    var tallies: [(key: HealthSetKey, tally: HealthSetTally)] { board.tallies.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }

    /// The counts of all runs of each probe since the agent started.
    var runs: [ProbeKey: RunCounts] { states.mapValues(\.runs) }

    subscript(key: ProbeKey) -> ProbeState? { states[key] }

    /// Every state, sorted by key.
    /// - Parameter nextRun: when the next scheduled run of a probe starts.
    func all(nextRun: (ProbeKey) -> Date?) -> [ProbeState] {
        states.values.sorted { $0.key < $1.key }.map { state in
            var state = state
            // An episode's details change with each run, without a transition.
            state.monitors = board.statuses(of: state.key)
            state.nextRun = nextRun(state.key)
            return state
        }
    }

    // MARK: Probes

    /// What must change for the cache to have the probes of a roster.
    struct Difference {
        var added: [ProbeKey] = []
        var removed: [ProbeKey] = []
        /// Probes whose results stay, although their definition has changed or is another object.
        var redefined: [ProbeKey: ProbeDefinition] = [:]
        /// Probes that must begin again, and the counts of their earlier runs.
        var replaced: [ProbeKey: RunCounts] = [:]
    }

    func difference(to roster: Roster) -> Difference {
        var difference = Difference()
        difference.removed = states.keys.filter { roster.members[$0] == nil }
        // Most probes of a definition share one object: each pair of old and new definition is compared once.
        var isKept: [[ObjectIdentifier]: Bool] = [:]
        for (key, member) in roster.members {
            guard let older = states[key] else {
                difference.added.append(key)
                continue
            }
            let pair = [ObjectIdentifier(older.definition), ObjectIdentifier(member.definition)]
            let stays = isKept[pair] ?? older.definition.isEquivalent(to: member.definition)
            isKept[pair] = stays
            if !stays {
                difference.replaced[key] = older.runs
            } else if older.definition !== member.definition {
                difference.redefined[key] = member.definition
            }
        }
        return difference
    }

    /// Adds a probe without a result, or replaces it.
    /// - Parameter runs: the counts of its earlier runs.
    mutating func begin(_ key: ProbeKey, _ definition: ProbeDefinition, runs: RunCounts, at moment: Moment) -> [CacheChange] {
        var state = ProbeState(key: key, definition: definition)
        state.runs = runs
        states[key] = state
        unrun.insert(key)
        return monitor(key, by: definition, at: moment)
    }

    /// Replaces the definition of a probe by one whose results are equivalent; its monitors may have changed.
    mutating func redefine(_ key: ProbeKey, by definition: ProbeDefinition, at moment: Moment) -> [CacheChange] {
        guard let older = states[key]?.definition else { return [] }
        states[key]?.definition = definition
        return older.monitors == definition.monitors ? [] : monitor(key, by: definition, at: moment)
    }

    /// Removes the state of a probe.
    /// - Parameter isGone: whether the probe itself is gone: its episodes then end. Otherwise they stay open until a run clears them.
    mutating func remove(_ key: ProbeKey, isGone: Bool, at moment: Moment) -> [CacheChange] {
        guard states.removeValue(forKey: key) != nil else { return [] }
        unrun.remove(key)
        let transitions = isGone ? board.drop(key, at: moment.date) : board.forget(key, at: moment.elapsed, moment.date)
        return follow(transitions) + [.removed(key)]
    }

    // MARK: Results and time

    /// Makes a result the latest of its probe. Ignored if the probe is gone, or its definition is no longer equivalent to this one.
    mutating func record(_ result: ProbeResult, of definition: ProbeDefinition, at moment: Moment) -> [CacheChange] {
        guard let index = states.index(forKey: result.key), states.values[index].definition.isEquivalent(to: definition) else { return [] }
        let result = result.slim
        states.values[index].record(result)
        unrun.remove(result.key)
        let transitions = board.record(result, at: moment.elapsed, moment.date)
        return transitions.isEmpty ? [.ran(result), .updated(states.values[index])] : [.ran(result)] + follow(transitions)
    }

    /// When a monitor next changes its state without a result, as `TimeSource.elapsed`; nil if none does.
    var nextChange: Duration? { mutating get { board.nextChange } }

    /// Applies the state changes that are due without a result.
    mutating func advance(to moment: Moment) -> [CacheChange] { follow(board.advance(to: moment.elapsed, moment.date)) }

    private mutating func monitor(_ key: ProbeKey, by definition: ProbeDefinition, at moment: Moment) -> [CacheChange] {
        let transitions = board.take(key, definition.monitors, at: moment.elapsed, moment.date)
        states[key]?.monitors = board.statuses(of: key)
        return transitions.isEmpty ? states[key].map { [.updated($0)] } ?? [] : follow(transitions)
    }

    private mutating func follow(_ transitions: [Transition]) -> [CacheChange] {
        guard !transitions.isEmpty else { return [] }
        var changes = transitions.map { CacheChange.moved($0) }
        for key in Set(transitions.map(\.status.key.probe)) {
            guard let index = states.index(forKey: key) else { continue }
            states.values[index].monitors = board.statuses(of: key)
            changes.append(.updated(states.values[index]))
        }
        return changes
    }

    // MARK: Episodes

    /// Ends the episodes of an earlier process whose monitors no longer exist.
    /// - Parameter mayCome: whether the episode's probe may still be created.
    mutating func endOrphans(at date: Date, unless mayCome: (Episode) -> Bool) -> [Episode] { board.endOrphans(at: date, unless: mayCome) }

    /// The status of the monitor whose open episode this is; nil if the episode has ended.
    func status(of episode: Episode) -> MonitorStatus? { board.status(of: episode.key).flatMap { $0.episode?.id == episode.id ? $0 : nil } }

    /// Marks an open episode as being repaired, as the given one is. Nothing changes if it has ended meanwhile.
    mutating func acknowledge(_ episode: Episode, at moment: Moment) -> (changes: [CacheChange], episode: Episode?) {
        guard let acknowledgement = episode.acknowledged, status(of: episode) != nil,
            let transitions = board.acknowledge(episode.key, acknowledgement, at: moment.elapsed, moment.date)
        else { return ([], nil) }
        return (follow(transitions), board.status(of: episode.key)?.episode)
    }

    /// Escalates Unhealthy episodes that are not silenced by maintenance and not caused by another open episode.
    mutating func escalate(_ decisions: DecisionBook, at moment: Moment) -> [CacheChange] {
        board.unescalated.compactMap { key in
            guard let status = board.status(of: key), let episode = status.episode,
                decisions.inactive(episode.healthSet, server: episode.server, at: moment.date) == nil, !isExplained(status, at: moment)
            else { return nil }
            return board.escalate(key, at: moment.date).map { .escalated($0) }
        }
    }

    /// Whether another probe monitors the cause, and its monitors have an open episode or could not judge yet.
    private func isExplained(_ status: MonitorStatus, at moment: Moment) -> Bool {
        guard let episode = status.episode, let cause = episode.cause else { return false }
        let watchers = watchers(of: cause, on: episode.server).filter { !$0.monitors.isEmpty && $0.key != status.key.probe }
        if watchers.contains(where: { $0.monitors.contains(where: \.state.isEpisode) }) { return true }
        guard let began = board.episodeBegan(status.key) else { return false }
        return watchers.contains { watcher in
            let hasJudged = board.lastJudged(watcher.key).map { $0 >= began } ?? false
            return !hasJudged && moment.elapsed - began < watcher.definition.every * 2
        }
    }

    /// The probe of this identity on the server; for the organization, on every server if it has one of its own on each.
    private func watchers(of cause: ProbeIdentity, on server: String) -> [ProbeState] {
        if let same = states[ProbeKey(identity: cause, site: ProbeKey.Site(server: server))] { return [same] }
        return server.isEmpty ? states.values.filter { $0.key.identity == cause } : []
    }

    /// The open episodes that somebody has acknowledged, sorted.
    var acknowledged: [Episode] { board.episodes.filter { $0.acknowledged != nil } }

    /// The monitors with a problem that comes and goes, sorted.
    var flapping: [MonitorStatus] { board.flapping }

    /// All alerts of escalated episodes: the firing ones, and those resolved in the last 15 minutes.
    func alerts(_ decisions: DecisionBook, at date: Date) -> [Alert] {
        let open = board.episodes.filter { $0.escalated != nil }.map { episode in
            let maintenance = decisions.inactive(episode.healthSet, server: episode.server, at: date)
            return AlertBook.Member(
                episode: episode, silencedSince: maintenance.map { max($0, episode.began) },
                flapping: board.status(of: episode.key)?.flapping)
        }
        let over = board.ended.filter { $0.escalated != nil }.map { AlertBook.Member(episode: $0, silencedSince: nil) }
        return AlertBook.alerts(open + over)
    }
}
