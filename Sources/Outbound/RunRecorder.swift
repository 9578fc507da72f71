package import Probing

/// Records the stages, findings and observations of a run, and creates its outcome.
///
/// A stage that is recorded more than once has one record, in the position of the last one: the sum of the durations, the worst verdict,
/// and all details.
package struct RunRecorder: Sendable {
    package private(set) var outcome = Outcome()

    package init() {}

    package var hasFailed: Bool { outcome.findings.contains { $0.severity == .failure } }

    /// Records a stage, or adds to its record.
    package mutating func stage(_ stage: Stage, _ verdict: StageVerdict, took duration: Duration = .zero, _ detail: String = "") {
        guard let index = outcome.stages.firstIndex(where: { $0.stage == stage }) else {
            outcome.stages.append(StageRecord(stage: stage, verdict: verdict, duration: duration, detail: detail))
            return
        }
        var record = outcome.stages.remove(at: index)
        record.duration += duration
        record.verdict = Self.worse(record.verdict, verdict)
        record.detail = [record.detail, detail].filter { !$0.isEmpty }.joined(separator: "; ")
        outcome.stages.append(record)
    }

    /// Records a finding, and the verdict it implies for its stage.
    package mutating func find(_ finding: Finding) {
        outcome.findings.append(finding)
        switch finding.severity {
        case .failure: stage(finding.stage, .failed)
        case .warning: stage(finding.stage, .warned)
        case .unknown: stage(finding.stage, .notObserved)
        }
    }

    /// Records a fact that is kept with the result.
    package mutating func observe(_ observation: Observation) { outcome.observations.append(observation) }
    /// Records facts that are kept with the result, in their order.
    package mutating func observe(_ observations: [Observation]) { outcome.observations += observations }
    /// Records measurements, in place of earlier ones of the same metrics.
    package mutating func measure(_ measurements: [Measurement]) {
        outcome.observations.removeAll { observation in
            guard case .measurement(let earlier) = observation else { return false }
            return measurements.contains { $0.metric == earlier.metric }
        }
        observe(measurements.map { .measurement($0) })
    }
    /// Records what was measured of a target, for `/probe`.
    package mutating func measured(_ facts: some TargetFacts) { outcome.facts.append(facts) }
    /// Removes what was recorded of an earlier TLS handshake: the peer's certificates, and facts about the session.
    package mutating func forgetHandshake(where isOfSession: (any TargetFacts) -> Bool) {
        outcome.observations.removeAll { if case .peerCertificate = $0 { true } else { false } }
        outcome.facts.removeAll(where: isOfSession)
    }
    /// Records what was not checked and why, as one clause.
    package mutating func leaveOut(_ clause: String) { outcome.notChecked.append(clause) }
    /// Sets the sample value.
    package mutating func sample(_ value: Double) { outcome.sampleValue = value }

    /// The outcome with a record for each of the kind's stages, in this order; stages that were not reached are `notRun`.
    package func finished(_ stages: [Stage]) -> Outcome {
        var complete = outcome
        complete.stages = stages.map { stage in
            outcome.stages.first { $0.stage == stage } ?? StageRecord(stage: stage, verdict: .notRun)
        }
        return complete
    }

    private static let order: [StageVerdict] = [.notRun, .passed, .warned, .notObserved, .failed]

    private static func worse(_ left: StageVerdict, _ right: StageVerdict) -> StageVerdict {
        let (a, b) = (order.firstIndex(of: left) ?? 0, order.firstIndex(of: right) ?? 0)
        return a > b ? left : right
    }
}
