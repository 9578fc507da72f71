import DequeModule

/// One monitor of one probe, as a pure state machine: samples and time go in, its state comes out.
///
/// Times are `TimeSource.elapsed`: a wall clock that jumps changes nothing here.
package struct MonitorMachine: Sendable {
    /// Samples kept for a rule that looks back over a time, at most.
    private static let windowDepth = 10_000

    private enum Phase: Sendable {
        case disabled, unknown, healthy
        case episode(began: Duration)
    }

    package private(set) var definition: MonitorDefinition
    private var phase: Phase
    private var samples: Deque<MonitorSample> = []
    package private(set) var isAcknowledged = false
    /// When the latest episodes began.
    private var begins: Deque<Duration> = []
    /// An episode that goes on without the samples it began with: a rule that looks back over a time needs all of that time to end it.
    private var isResumed = false
    private var resumedAt: Duration?
    /// Since when the rule of a flapping episode has been clear.
    private var steadySince: Duration?

    /// - Parameter begins: when the episodes of an earlier machine began that are over, oldest first.
    package init(_ definition: MonitorDefinition, after begins: [Duration] = []) {
        self.definition = definition
        phase = definition.isEnabled ? .unknown : .disabled
        self.begins = Deque(begins.suffix(definition.flapping.episodes))
    }

    /// A machine that goes on with an episode of an earlier one.
    package init(_ definition: MonitorDefinition, after begins: [Duration] = [], episodeBegan began: Duration, isAcknowledged: Bool) {
        self.init(definition, after: begins)
        guard definition.isEnabled else { return }
        phase = .episode(began: began)
        self.begins.append(began)
        isResumed = true
        self.isAcknowledged = isAcknowledged
    }

    /// The state at a time not before the last sample.
    package func state(at elapsed: Duration) -> HealthState {
        switch phase {
        case .disabled: .disabled
        case .unknown: .unknown
        case .healthy: .healthy
        case .episode(let began):
            isAcknowledged ? .repairing : elapsed - began < definition.degradedFor ? .degraded : .unhealthy
        }
    }

    /// When the state changes next by time alone; nil where only a sample can change it.
    package var nextChange: Duration? {
        guard case .episode(let began) = phase, !isAcknowledged else { return nil }
        return began + definition.degradedFor
    }

    package var isInEpisode: Bool { episodeBegan != nil }

    /// When the episode under way began.
    package var episodeBegan: Duration? { if case .episode(let began) = phase { began } else { nil } }

    /// Episodes have followed each other so fast that this one is held open until all is steady.
    package var isFlapping: Bool {
        guard case .episode = phase, let last = begins.last else { return false }
        let rule = definition.flapping
        return begins.count >= rule.episodes && last - begins[begins.count - rule.episodes] <= rule.within
    }

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

    /// - Returns: false where there is no episode to acknowledge.
    package mutating func acknowledge() -> Bool {
        guard isInEpisode else { return false }
        isAcknowledged = true
        return true
    }

    /// The cache was cleared: what was seen is forgotten; an episode goes on until a run shows its end.
    package mutating func forget() {
        samples = []
        steadySince = nil
        isResumed = isInEpisode
        resumedAt = nil
        if case .healthy = phase { phase = .unknown }
    }

    /// Goes on by a definition whose rule is the same.
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
        steadySince = nil
        if case .episode = phase { return }
        phase = .episode(began: elapsed)
        isAcknowledged = false
        begins.append(elapsed)
        if begins.count > definition.flapping.episodes { begins.removeFirst() }
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
