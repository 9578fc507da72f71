import Probing

/// One stage of a run as a bar of a waterfall. Positions are percentages of the time of all stages.
struct StageBar: Sendable {
    let stage: String
    let stageState: String
    let verdict: String
    let duration: String
    let x: String
    let width: String
    let detail: String?

    /// One after the other, as they ran.
    static func all(_ records: [StageRecord]) -> [StageBar] {
        let total = max(records.reduce(0) { $0 + $1.duration.seconds }, 1e-9)
        var begin = 0.0
        return records.map { record in
            let share = record.duration.seconds / total * 100
            defer { begin += share }
            let hasRun = ![.notRun, .notObserved].contains(record.verdict)
            return StageBar(
                stage: record.stage.rawValue, stageState: standing(record.verdict).rawValue,
                verdict: record.verdict.rawValue.replacing("_", with: " "), duration: hasRun ? ProbeRow.milliseconds(record.duration) : "",
                x: number(min(begin, 99.6)), width: number(hasRun ? max(share, 0.4) : 0),
                detail: record.detail.isEmpty ? nil : record.detail)
        }
    }

    private static func standing(_ verdict: StageVerdict) -> Standing {
        switch verdict {
        case .passed: .passing
        case .warned: .warning
        case .failed: .failing
        case .notRun: .waiting
        case .notObserved: .unknown
        }
    }

    private static func number(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}
