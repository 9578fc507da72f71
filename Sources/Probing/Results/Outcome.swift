/// The outcome of one run: its stages, findings and observations.
///
/// A run never throws: every problem is a finding.
package struct Outcome: Sendable {
    package var stages: [StageRecord] = []
    /// In the order they were recorded. The decisive one is the first failure, else the first `unknown`, else the first warning.
    package var findings: [Finding] = []
    package var observations: [Observation] = []
    /// What a target kind has measured, for `/probe` only.
    package var facts: [any TargetFacts] = []
    /// The kind's sample value (days left, key bits); nil if the kind has none.
    package var sampleValue: Double?
    /// What was not checked and why, one clause each: `published by mbx02: metadata: false`.
    package var notChecked: [String] = []

    package init() {}

    /// The finding that decides the result; nil if everything passed.
    package var decisive: Finding? {
        for severity in [Finding.Severity.failure, .unknown, .warning] {
            if let finding = findings.first(where: { $0.severity == severity }) { return finding }
        }
        return nil
    }
}

extension Outcome {
    /// The result type of a completed run, derived from its findings.
    package var resultType: ResultType {
        guard let decisive else { return .succeeded }
        switch decisive.severity {
        case .warning: return .succeeded
        case .unknown: return .rejected
        case .failure: return [.timeout, .connectTimeout].contains(decisive.reason) ? .timeout : .failed
        }
    }
}
