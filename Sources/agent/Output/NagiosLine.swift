import API
import Probing

/// The output of a Nagios plugin: one line with performance data. The worst of several results determines the state.
struct NagiosLine {
    enum State: Int32 {
        case ok = 0
        case warning = 1
        case critical = 2
        case unknown = 3

        var word: String {
            switch self {
            case .ok: "OK"
            case .warning: "WARNING"
            case .critical: "CRITICAL"
            case .unknown: "UNKNOWN"
            }
        }

        /// Worst first: a failure outweighs a result that could not be judged.
        static let order: [State] = [.critical, .warning, .unknown, .ok]
    }

    let state: State
    let text: String

    init(_ results: [ResultDocument]) {
        let states = results.map(Self.state)
        let worst = State.order.first { states.contains($0) } ?? .unknown
        let details = zip(results, states).filter { $0.1 == worst }.map { result, _ in
            let server = result.server.isEmpty ? "" : " on \(result.server)"
            let sentence = result.error.isEmpty ? result.warnings.first?.sentence ?? result.resultType : result.error
            return "\(result.probe)\(server): \(sentence)"
        }
        let performance = results.flatMap { result in
            let place = [result.server, result.target ?? "", result.address ?? ""].filter { !$0.isEmpty }
            // Neither character is allowed in a performance data label.
            let name = ([result.probe] + place).joined(separator: "@").replacing("'", with: "_").replacing("=", with: "_")
            let sample = result.sampleValue.map { ["'\(name) value'=\($0)"] } ?? []
            return ["'\(name) time'=\(result.durationSeconds)s"] + sample
        }
        state = worst
        let line = "\(worst.word): " + details.joined(separator: "; ").replacing("|", with: "/").replacing("\n", with: " ")
        text = PrintableText.line(line + (performance.isEmpty ? "" : " | " + performance.joined(separator: " ")))
    }

    /// The line for a probe that could not be run.
    init(refusal: String) {
        state = .unknown
        text = PrintableText.line("UNKNOWN: " + refusal.replacing("|", with: "/").replacing("\n", with: " "))
    }

    private static func state(_ result: ResultDocument) -> State {
        switch result.resultType {
        case ResultType.succeeded.name: result.warning ? .warning : .ok
        case ResultType.rejected.name, ResultType.quarantined.name: .unknown
        default: .critical
        }
    }
}
