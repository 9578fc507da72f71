import FoundationEssentials
import Logging

/// What follows from results: monitors decide, their decisions are kept and told, alerts become due.
extension HealthManager {
    /// Carries out what changes of state bring: they are kept, logged and told.
    func follow(_ changes: [Transition]) {
        guard !changes.isEmpty else { return }
        for change in changes {
            if let episode = change.episode { journal.note(.episode(episode)) }
            journal.note(.transition(TransitionRecord(change)))
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

    /// Gives a probe the monitors of its definition.
    func monitor(_ key: ProbeKey, by definition: ProbeDefinition) {
        let changes = board.take(key, definition.monitors, at: time.elapsed, time.now)
        states[key]?.monitors = board.statuses(of: key)
        if changes.isEmpty, let state = states[key] { publish(state) }
        follow(changes)
    }

    /// What time alone brings: states that ripen, decisions that end.
    func passTime() {
        follow(board.advance(to: time.elapsed, time.now))
        expireDecisions()
        escalate()
    }

    /// Hands on the alerts of episodes that are Unhealthy, that no maintenance silences and that no other trouble explains.
    func escalate() {
        for key in board.unescalated {
            guard let status = board.status(of: key), let episode = status.episode else { continue }
            guard decisions.inactive(episode.healthSet, server: episode.server, at: time.now) == nil, !isExplained(status) else { continue }
            guard let escalated = board.escalate(key, at: time.now) else { continue }
            journal.note(.episode(escalated))
            observers.forEach { $0.changed(.escalated(escalated)) }
        }
    }

    /// Whether another probe watches the cause, and its monitors have an episode, or have had no time yet to decide.
    private func isExplained(_ status: MonitorStatus) -> Bool {
        guard let episode = status.episode, let cause = episode.cause else { return false }
        let key = ProbeKey(identity: cause, server: episode.server)
        guard let watcher = states[key], !watcher.monitors.isEmpty, key != status.key.probe else { return false }
        if watcher.monitors.contains(where: \.state.isEpisode) { return true }
        guard let began = board.episodeBegan(status.key) else { return false }
        let hasJudged = board.lastJudged(key).map { $0 >= began } ?? false
        return !hasJudged && time.elapsed - began < watcher.definition.every * 2
    }

    /// Every alert there is: those under way, and those that are over and may still have to be told as such.
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

    /// The monitor of an episode that is under way; nil when that is over.
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
