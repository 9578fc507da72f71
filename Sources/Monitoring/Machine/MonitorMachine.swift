import DequeModule
package import Probing

/// The state machine of one monitor of one probe: a pure function of samples and time.
///
/// All times are `TimeSource.elapsed`, so that changes of the wall clock have no effect.
package struct MonitorMachine: Sendable {
    /// Maximum number of samples kept for a rule with a time window.
    private static let windowDepth = 10_000
    /// Maximum number of onsets kept; one that flaps more often is not counted further.
    private static let onsetDepth = 1000

    private enum Phase: Sendable {
        case disabled, unknown, healthy
        case episode(began: Duration)
    }

    package private(set) var definition: MonitorDefinition
    private var phase: Phase
    private var samples: Deque<MonitorSample> = []
    package private(set) var isAcknowledged = false
    /// When the latest episodes began, oldest first.
    private var begins: Deque<Duration> = []
    /// When the rule came to be met, oldest first: as `begins`, and within an episode that flapping holds open.
    private var onsets: Deque<Duration> = []
    /// Whether the episode continues without its earlier samples: a rule with a time window can then end it only after a full window.
    private var isResumed = false
    private var resumedAt: Duration?
    /// Since when the rule has been clear during a flapping episode.
    private var steadySince: Duration?

    /// - Parameter begins: when ended episodes of an earlier machine began, oldest first.
    package init(_ definition: MonitorDefinition, after begins: [Duration] = []) {
        self.definition = definition
        phase = definition.isEnabled ? .unknown : .disabled
        self.begins = Deque(begins.suffix(definition.flapping.episodes))
        onsets = Deque(begins.suffix(Self.onsetDepth))
    }

    /// A machine that continues an open episode of an earlier one.
    package init(_ definition: MonitorDefinition, after begins: [Duration] = [], episodeBegan began: Duration, isAcknowledged: Bool) {
        self.init(definition, after: begins)
        guard definition.isEnabled else { return }
        phase = .episode(began: began)
        self.begins.append(began)
        onsets.append(began)
        isResumed = true
        self.isAcknowledged = isAcknowledged
    }

    /// The state at the given time, which must not be before the last sample.
    package func state(at elapsed: Duration) -> HealthState {
        switch phase {
        case .disabled: .disabled
        case .unknown: .unknown
        case .healthy: .healthy
        case .episode(let began):
            isAcknowledged ? .repairing : elapsed - began < definition.degradedFor ? .degraded : .unhealthy
        }
    }

    /// When the state changes next without a new sample; nil if only a sample can change it.
    package var nextChange: Duration? {
        guard case .episode(let began) = phase, !isAcknowledged else { return nil }
        return began + definition.degradedFor
    }

    package var isInEpisode: Bool { episodeBegan != nil }

    /// When the open episode began; nil if there is none.
    package var episodeBegan: Duration? { if case .episode(let began) = phase { began } else { nil } }

    /// Whether episodes have recurred so often that the open one stays open until the rule has been clear for `steadyFor`.
    package var isFlapping: Bool {
        guard case .episode = phase, let last = begins.last else { return false }
        let rule = definition.flapping
        return begins.count >= rule.episodes && last - begins[begins.count - rule.episodes] <= rule.within
    }

    /// How often the open episode's problem began within the period of flap detection before the given time, if that is often enough to be
    /// flapping, also while the episode is held open; nil otherwise.
    package func recurrences(at elapsed: Duration) -> Int? {
        guard isInEpisode else { return nil }
        let count = onsets.count { elapsed - $0 <= definition.flapping.within }
        return count >= definition.flapping.episodes ? count : nil
    }

    /// How far the rule is from being met; nil in an episode, and if the latest run that could judge does not count towards it.
    package var progress: RuleProgress? { isInEpisode || !definition.isEnabled ? nil : definition.rule.progress(samples) }

    /// Evaluates the rule with a new sample, which must be later than the ones before. Ignored if the monitor is disabled.
    package mutating func record(_ sample: MonitorSample) {
        guard definition.isEnabled else { return }
        if isResumed, resumedAt == nil { resumedAt = sample.at }
        keep(sample)
        switch definition.rule.verdict(samples) {
        case .open: break
        case .met: meet(at: sample.at)
        case .clear: if hasSeenEnough(at: sample.at) { clear(at: sample.at) }
        }
    }

    /// - Returns: false if there is no episode to acknowledge.
    package mutating func acknowledge() -> Bool {
        guard isInEpisode else { return false }
        isAcknowledged = true
        return true
    }

    /// Discards all samples, when the cache is cleared; an episode stays open until a run clears it.
    package mutating func forget() {
        samples = []
        steadySince = nil
        isResumed = isInEpisode
        resumedAt = nil
        if case .healthy = phase { phase = .unknown }
    }

    /// Continues with a changed definition that has the same rule.
    package mutating func follow(_ new: MonitorDefinition) { definition = new }

    private mutating func hasSeenEnough(at elapsed: Duration) -> Bool {
        guard isResumed, let window = definition.rule.window else { return true }
        let since = resumedAt ?? elapsed
        resumedAt = since
        guard elapsed - since >= window else { return false }
        isResumed = false
        return true
    }

    private mutating func keep(_ sample: MonitorSample) {
        samples.append(sample)
        let depth = definition.rule.depth ?? Self.windowDepth
        if samples.count > depth { samples.removeFirst(samples.count - depth) }
        guard let window = definition.rule.window else { return }
        while let first = samples.first, sample.at - first.at > window { samples.removeFirst() }
    }

    private mutating func meet(at elapsed: Duration) {
        if !isInEpisode || steadySince != nil { noteOnset(at: elapsed) }
        steadySince = nil
        if case .episode = phase { return }
        phase = .episode(began: elapsed)
        isAcknowledged = false
        begins.append(elapsed)
        if begins.count > definition.flapping.episodes { begins.removeFirst() }
    }

    private mutating func noteOnset(at elapsed: Duration) {
        while let first = onsets.first, elapsed - first > definition.flapping.within { onsets.removeFirst() }
        if onsets.count == Self.onsetDepth { onsets.removeFirst() }
        onsets.append(elapsed)
    }

    private mutating func clear(at elapsed: Duration) {
        guard case .episode = phase else {
            phase = .healthy
            return
        }
        if isFlapping {
            let since = steadySince ?? elapsed
            steadySince = since
            guard elapsed - since >= definition.flapping.steadyFor else { return }
        }
        phase = .healthy
        steadySince = nil
        isAcknowledged = false
    }
}
