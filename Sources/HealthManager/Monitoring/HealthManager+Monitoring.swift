import Logging
package import Monitoring
import Probing

/// Acts on monitors' state transitions: records and publishes them, and escalates episodes to alerts.
extension HealthManager {
    /// Records, logs and publishes transitions.
    func follow(_ changes: [Transition]) {
        guard !changes.isEmpty else { return }
        for change in changes {
            if let episode = change.episode { journal.record(.episode(episode)) }
            journal.record(.transition(TransitionRecord(change)))
            log(change)
        }
        for key in Set(changes.map(\.status.key.probe)) {
            guard states[key] != nil else { continue }
            states[key]?.monitors = board.statuses(of: key)
            if let state = states[key] { publish(state) }
        }
        for change in changes { observers.forEach { $0.changed(.moved(change)) } }
        escalate()
        signal.yield()
    }

    /// Sets a probe's monitors according to its definition.
    func monitor(_ key: ProbeKey, by definition: ProbeDefinition) {
        let changes = board.take(key, definition.monitors, at: time.elapsed, time.now)
        states[key]?.monitors = board.statuses(of: key)
        if changes.isEmpty, let state = states[key] { publish(state) }
        follow(changes)
    }

    /// Applies what is due without a new result: state changes, and decisions that start or expire.
    func passTime() {
        follow(board.advance(to: time.elapsed, time.now))
        expireDecisions()
        escalate()
    }

    /// Escalates Unhealthy episodes that are not silenced by maintenance and not caused by another open episode.
    func escalate() {
        for key in board.unescalated {
            guard let status = board.status(of: key), let episode = status.episode else { continue }
            guard decisions.inactive(episode.healthSet, server: episode.server, at: time.now) == nil, !isExplained(status) else { continue }
            guard let escalated = board.escalate(key, at: time.now) else { continue }
            journal.record(.episode(escalated))
            observers.forEach { $0.changed(.escalated(escalated)) }
        }
    }

    /// Whether another probe monitors the cause, and its monitors have an open episode or could not judge yet.
    private func isExplained(_ status: MonitorStatus) -> Bool {
        guard let episode = status.episode, let cause = episode.cause else { return false }
        let key = ProbeKey(identity: cause, server: episode.server)
        guard let watcher = states[key], !watcher.monitors.isEmpty, key != status.key.probe else { return false }
        if watcher.monitors.contains(where: \.state.isEpisode) { return true }
        guard let began = board.episodeBegan(status.key) else { return false }
        let hasJudged = board.lastJudged(key).map { $0 >= began } ?? false
        return !hasJudged && time.elapsed - began < watcher.definition.every * 2
    }

    /// All alerts of escalated episodes: the firing ones, and those resolved in the last 15 minutes.
    package func alerts() -> [Alert] {
        let open = board.episodes.filter { $0.escalated != nil }.map { episode in
            let maintenance = decisions.inactive(episode.healthSet, server: episode.server, at: time.now)
            return AlertBook.Member(
                episode: episode,
                silencedSince: [episode.acknowledged?.at, maintenance].compactMap(\.self).min().map { max($0, episode.began) })
        }
        let over = board.ended.filter { $0.escalated != nil }.map { AlertBook.Member(episode: $0, silencedSince: nil) }
        return AlertBook.alerts(open + over)
    }

    /// The status of the monitor whose open episode this is; nil if the episode has ended.
    package func status(of episode: Episode) -> MonitorStatus? {
        board.status(of: episode.key).flatMap { $0.episode?.id == episode.id ? $0 : nil }
    }

    private func log(_ change: Transition) {
        let status = change.status
        let level: Logger.Level = status.state == .unhealthy ? .warning : .notice
        guard change.before != .unknown || status.state.isEpisode else { return }
        logger.log(
            level: level, "monitor \(change.before.name) -> \(status.state.name)",
            metadata: [
                "monitor": "\(status.key.identity)", "server": "\(status.key.probe.server)",
                "reason": "\(change.episode?.reason?.rawValue ?? "")", "sentence": "\(change.episode?.sentence ?? "")",
            ])
    }
}
