import HealthManager

/// Gathers what a run finds, stage by stage, and makes the outcome.
///
/// A stage that several exchanges go through has one record: times added, the worst verdict, every detail.
struct StageLog {
    private(set) var outcome = Outcome()

    var hasFailed: Bool { outcome.findings.contains { $0.severity == .failure } }

    mutating func stage(_ stage: Stage, _ verdict: StageVerdict, took duration: Duration = .zero, _ detail: String = "") {
        guard let index = outcome.stages.firstIndex(where: { $0.stage == stage }) else {
            outcome.stages.append(StageRecord(stage: stage, verdict: verdict, duration: duration, detail: detail))
            return
        }
        outcome.stages[index].duration += duration
        outcome.stages[index].verdict = Self.worse(outcome.stages[index].verdict, verdict)
        let details = [outcome.stages[index].detail, detail].filter { !$0.isEmpty }
        outcome.stages[index].detail = details.joined(separator: "; ")
    }

    /// Notes a finding, and that its stage did not simply pass.
    mutating func find(_ finding: Finding) {
        outcome.findings.append(finding)
        switch finding.severity {
        case .failure: stage(finding.stage, .failed)
        case .warning: stage(finding.stage, .warned)
        case .unknown: stage(finding.stage, .notObserved)
        }
    }

    mutating func observe(_ observation: Observation) { outcome.observations.append(observation) }
    mutating func observe(_ observations: [Observation]) { outcome.observations += observations }
    mutating func leaveOut(_ clause: String) { outcome.notChecked.append(clause) }
    mutating func sample(_ value: Double) { outcome.sampleValue = value }

    /// The outcome with a record for each of the kind's stages, in their order; those never reached are `not run`.
    func finished(_ stages: [Stage]) -> Outcome {
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
