package import FoundationEssentials
import HeapModule
package import Probing

/// The monitors of all probes: takes results and the passage of time, and returns state transitions.
///
/// A value without side effects; the manager acts on the transitions.
package struct MonitorBoard: Sendable {
    private struct Entry {
        var machine: MonitorMachine
        var status: MonitorStatus
        /// `TimeSource.elapsed` at the last run that could judge.
        var judged: Duration?
    }

    private struct Alarm: Comparable {
        var at: Duration
        var key: MonitorKey

        static func < (left: Alarm, right: Alarm) -> Bool { left.at < right.at }
    }

    /// How long, in seconds, an ended episode is still sent to Alertmanager, as Prometheus does with resolved alerts.
    package static let endedKept: TimeInterval = 900

    private var entries: [ProbeKey: [Entry]] = [:]
    /// Monitors whose state will change without a new result, and when.
    private var pending: [MonitorKey: Duration] = [:]
    /// The same in order of time; entries that no longer match `pending` are skipped.
    private var alarms = Heap<Alarm>()
    /// Open episodes of an earlier process whose probes have not been created yet.
    private var restored: [MonitorKey: Episode] = [:]
    /// When the ended episodes of an earlier process began, oldest first: they count for flap detection.
    private var restoredBegins: [MonitorKey: [Date]] = [:]
    private var inEpisode: Set<MonitorKey> = []
    private var readyToEscalate: Set<MonitorKey> = []
    package private(set) var ended: [Episode] = []
    package private(set) var tallies: [HealthSetKey: HealthSetTally] = [:]

    /// - Parameter episodes: the open and recently ended episodes of an earlier process.
    package init(restored episodes: [Episode] = [], at now: Date) {
        for episode in episodes.sorted(by: { $0.began < $1.began }) {
            guard let end = episode.ended else {
                restored[episode.key] = episode
                continue
            }
            restoredBegins[episode.key, default: []].append(episode.began)
            if now.timeIntervalSince(end) <= Self.endedKept { ended.append(episode) }
        }
    }

    /// When the next state change without a new result is due, as `TimeSource.elapsed`; nil if there is none.
    package var nextChange: Duration? {
        mutating get {
            while let first = alarms.min, pending[first.key] != first.at { alarms.removeMin() }
            return alarms.min?.at
        }
    }

    package var statuses: [MonitorStatus] { entries.values.flatMap { $0.map(\.status) } }

    /// The status of a monitor; nil if it does not exist.
    package func status(of key: MonitorKey) -> MonitorStatus? { entries[key.probe]?.first { $0.status.key == key }?.status }

    /// When a monitor's open episode began, as `TimeSource.elapsed`; nil if it has none.
    package func episodeBegan(_ key: MonitorKey) -> Duration? {
        entries[key.probe]?.first { $0.status.key == key }?.machine.episodeBegan
    }

    /// The open episodes, in the order of their monitors' keys.
    package var episodes: [Episode] { inEpisode.sorted().compactMap { status(of: $0)?.episode } }

    /// The statuses of monitors with a problem that comes and goes, in the order of their keys.
    package var flapping: [MonitorStatus] { inEpisode.sorted().compactMap { status(of: $0) }.filter { $0.recurrences != nil } }

    /// Unhealthy monitors whose alert has not been sent yet, sorted.
    package var unescalated: [MonitorKey] { readyToEscalate.sorted() }

    /// The statuses of a probe's monitors, in the order they are defined; empty if it has none.
    package func statuses(of key: ProbeKey) -> [MonitorStatus] { entries[key]?.map(\.status) ?? [] }

    /// When a run of the probe could last judge, as `TimeSource.elapsed`; nil if none has since the cache was cleared, or without monitors.
    package func lastJudged(_ key: ProbeKey) -> Duration? { entries[key]?.compactMap(\.judged).max() }

    /// Sets the monitors of a probe. A monitor with the same name, rule and enabled state keeps its state and episode.
    package mutating func take(_ key: ProbeKey, _ definitions: [MonitorDefinition], at elapsed: Duration, _ now: Date) -> [Transition] {
        let older = entries.removeValue(forKey: key) ?? []
        guard !definitions.isEmpty || !older.isEmpty else { return [] }
        var changes: [Transition] = []
        let taken = definitions.map { definition in
            let key = MonitorKey(probe: key, name: definition.name)
            let old = older.first { $0.status.key.name == definition.name }
            if let old, old.machine.definition.rule == definition.rule, old.machine.definition.isEnabled == definition.isEnabled {
                return Self.following(old, definition, at: elapsed)
            }
            // A disabled monitor does not continue an episode: what was restored for it is an orphan.
            let left = definition.isEnabled ? restored.removeValue(forKey: key) : nil
            return entry(key, definition, episode: old?.status.episode ?? left, at: elapsed, now)
        }
        for old in older where !taken.contains(where: { $0.status.episode?.id == old.status.episode?.id }) {
            let isDisabled = definitions.contains { $0.name == old.status.key.name && !$0.isEnabled }
            changes += end(old, now, as: isDisabled ? .disabled : .unknown)
        }
        for old in older { retire(old) }
        for new in taken { enlist(new) }
        if !taken.isEmpty { entries[key] = taken }
        return changes
    }

    /// Removes a probe and ends its episodes.
    package mutating func drop(_ key: ProbeKey, at now: Date) -> [Transition] {
        guard let older = entries.removeValue(forKey: key) else { return [] }
        older.forEach { retire($0) }
        return older.flatMap { end($0, now) }
    }

    /// Called when the cache is cleared: states are determined again, but an episode stays open until a run clears it.
    package mutating func forget(_ key: ProbeKey, at elapsed: Duration, _ now: Date) -> [Transition] {
        change(key, at: elapsed, now) { entry in
            entry.machine.forget()
            entry.judged = nil
        }
    }

    /// Passes a result to the probe's monitors. A result that could not judge changes nothing.
    package mutating func record(_ result: ProbeResult, at elapsed: Duration, _ now: Date) -> [Transition] {
        guard entries[result.key] != nil, let sample = MonitorSample(result, at: elapsed) else { return [] }
        return change(result.key, at: elapsed, now, result) { entry in
            entry.machine.record(sample)
            entry.judged = elapsed
        }
    }

    /// Applies the state changes that are due without a new result.
    package mutating func advance(to elapsed: Duration, _ now: Date) -> [Transition] {
        var due: Set<ProbeKey> = []
        while let next = nextChange, next <= elapsed {
            let key = alarms.removeMin().key
            pending[key] = nil
            due.insert(key.probe)
        }
        if let first = ended.first?.ended, now.timeIntervalSince(first) > Self.endedKept {
            ended.removeAll { now.timeIntervalSince($0.ended ?? now) > Self.endedKept }
        }
        return due.sorted().flatMap { change($0, at: elapsed, now) { _ in } }
    }

    /// - Returns: nil if the monitor does not exist or has no open episode.
    package mutating func acknowledge(_ key: MonitorKey, _ acknowledgement: Episode.Acknowledgement, at elapsed: Duration, _ now: Date)
        -> [Transition]?
    {
        guard let index = entries[key.probe]?.firstIndex(where: { $0.status.key == key }) else { return nil }
        guard entries[key.probe]?[index].machine.acknowledge() == true else { return nil }
        entries[key.probe]?[index].status.episode?.acknowledged = acknowledgement
        return change(key.probe, at: elapsed, now) { _ in }
    }

    /// Records that the alert of an episode was sent.
    package mutating func escalate(_ key: MonitorKey, at now: Date) -> Episode? {
        guard let index = entries[key.probe]?.firstIndex(where: { $0.status.key == key }) else { return nil }
        entries[key.probe]?[index].status.episode?.escalated = now
        readyToEscalate.remove(key)
        return entries[key.probe]?[index].status.episode
    }

    // MARK: Within

    private mutating func entry(_ key: MonitorKey, _ definition: MonitorDefinition, episode: Episode?, at elapsed: Duration, _ now: Date)
        -> Entry
    {
        // If the wall clock was set back meanwhile, the episode must not begin in the future.
        func monotonic(_ date: Date) -> Duration { elapsed - .seconds(max(0, now.timeIntervalSince(date))) }
        let begins = (restoredBegins.removeValue(forKey: key) ?? []).map(monotonic)
        var machine = MonitorMachine(definition, after: begins)
        var continued: Episode?
        if var episode, definition.isEnabled {
            machine = MonitorMachine(
                definition, after: begins, episodeBegan: monotonic(episode.began), isAcknowledged: episode.acknowledged != nil)
            episode.severity = definition.severity
            continued = episode
        }
        let state = machine.state(at: elapsed)
        var status = MonitorStatus(
            key: key, definition: definition, state: state, since: continued.map { Self.since($0, state, definition) } ?? now,
            episode: continued)
        status.isFlapping = machine.isFlapping
        status.recurrences = machine.recurrences(at: elapsed)
        return Entry(machine: machine, status: status, judged: nil)
    }

    /// When the current state of a continued episode began.
    private static func since(_ episode: Episode, _ state: HealthState, _ definition: MonitorDefinition) -> Date {
        switch state {
        case .repairing: episode.acknowledged?.at ?? episode.began
        case .unhealthy: episode.began.addingTimeInterval(definition.degradedFor.seconds)
        default: episode.began
        }
    }

    /// Applies a changed definition with the same rule: severity, degradedFor and flap detection.
    private static func following(_ entry: Entry, _ definition: MonitorDefinition, at elapsed: Duration) -> Entry {
        var entry = entry
        entry.machine.follow(definition)
        entry.status.definition = definition
        entry.status.episode?.severity = definition.severity
        entry.status.state = entry.machine.state(at: elapsed)
        return entry
    }

    /// Ends the episodes of an earlier process whose monitors no longer exist.
    /// - Parameter mayCome: returns whether the episode's probe may still be created.
    package mutating func endOrphans(at now: Date, unless mayCome: (Episode) -> Bool) -> [Episode] {
        let orphans = restored.values.filter { !mayCome($0) }.map { episode in
            var episode = episode
            episode.ended = now
            return episode
        }
        for episode in orphans { restored[episode.key] = nil }
        ended += orphans
        return orphans
    }

    private mutating func end(_ entry: Entry, _ now: Date, as state: HealthState = .unknown) -> [Transition] {
        guard var episode = entry.status.episode else { return [] }
        episode.ended = now
        ended.append(episode)
        var status = entry.status
        let before = status.state
        status.state = state
        status.since = now
        status.episode = nil
        return [Transition(before: before, status: status, episode: episode)]
    }

    private mutating func change(
        _ key: ProbeKey, at elapsed: Duration, _ now: Date, _ result: ProbeResult? = nil, _ act: (inout Entry) -> Void
    ) -> [Transition] {
        guard let count = entries[key]?.count else { return [] }
        var changes: [Transition] = []
        for index in 0..<count {
            guard var entry = entries[key]?[index] else { continue }
            let before = entry.status.state
            act(&entry)
            var over: Episode?
            if entry.machine.isInEpisode {
                if entry.status.episode == nil {
                    entry.status.episode = Episode(entry.status.key, severity: entry.machine.definition.severity, began: now)
                }
                if let result { entry.status.episode?.take(result, by: entry.machine.definition.rule) }
            } else if var episode = entry.status.episode {
                episode.ended = now
                ended.append(episode)
                over = episode
                entry.status.episode = nil
            }
            entry.status.isFlapping = entry.machine.isFlapping
            entry.status.recurrences = entry.machine.recurrences(at: elapsed)
            entry.status.progress = entry.machine.progress
            entry.status.pendingSince = entry.machine.progress.map { now.addingTimeInterval(($0.since - elapsed) / .seconds(1)) }
            let state = entry.machine.state(at: elapsed)
            expect(entry, after: elapsed)
            if state != before {
                entry.status.state = state
                entry.status.since = now
                tallies[HealthSetKey(key)]?.move(before, to: state)
                changes.append(Transition(before: before, status: entry.status, episode: over ?? entry.status.episode))
            }
            entries[key]?[index] = entry
            sort(entry)
        }
        return changes
    }

    private mutating func enlist(_ entry: Entry) {
        tallies[HealthSetKey(entry.status.key.probe), default: HealthSetTally()].add(entry.status.state)
        expect(entry)
        sort(entry)
    }

    private mutating func expect(_ entry: Entry, after elapsed: Duration = .zero) {
        let (key, next) = (entry.status.key, entry.machine.nextChange.flatMap { $0 > elapsed ? $0 : nil })
        guard pending[key] != next else { return }
        pending[key] = next
        if let next { alarms.insert(Alarm(at: next, key: key)) }
    }

    private mutating func sort(_ entry: Entry) {
        let (key, episode) = (entry.status.key, entry.status.episode)
        if episode == nil { inEpisode.remove(key) } else { inEpisode.insert(key) }
        if let episode, episode.escalated == nil, entry.status.state == .unhealthy {
            readyToEscalate.insert(key)
        } else {
            readyToEscalate.remove(key)
        }
    }

    private mutating func retire(_ entry: Entry) {
        let key = HealthSetKey(entry.status.key.probe)
        tallies[key]?.remove(entry.status.state)
        if tallies[key]?.isEmpty == true { tallies[key] = nil }
        pending[entry.status.key] = nil
        inEpisode.remove(entry.status.key)
        readyToEscalate.remove(entry.status.key)
    }
}
