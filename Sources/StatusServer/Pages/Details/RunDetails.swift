import Monitoring
import Probing

/// What one run found, as `stages.html` shows it: its stages one below the other, its findings, and what it could not check.
struct RunDetails: Sendable {
    struct Finding: Sendable {
        let findingState: String
        let severity: String
        let findingReason: String
        let findingSentence: String
        let exception: String?
    }

    let stagesTitle: String
    /// The relative path of the status page, for links to reasons.
    let toRoot: String
    let hasDetails: Bool
    let hasStages: Bool
    let stages: [StageBar]
    let findings: [Finding]
    let notChecked: [String]

    /// - Parameter result: nil for none; there is then nothing to show.
    init(_ title: String, _ result: ProbeResult?, root: String) {
        stagesTitle = title
        toRoot = root
        stages = StageBar.all(result?.outcome.stages ?? [])
        hasStages = !stages.isEmpty
        findings = (result?.outcome.findings ?? []).map { finding in
            let standing: Standing = finding.severity == .failure ? .failing : finding.severity == .warning ? .warning : .unknown
            return Finding(
                findingState: standing.rawValue, severity: finding.severity.rawValue, findingReason: finding.reason.rawValue,
                findingSentence: finding.sentence, exception: finding.exception.isEmpty ? nil : finding.exception)
        }
        notChecked = result?.outcome.notChecked ?? []
        hasDetails = hasStages || !findings.isEmpty || !notChecked.isEmpty
    }
}
