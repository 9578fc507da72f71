/// The table of all faults, as the program prints it and the lab's README shows it.
package enum FaultList {
    package static var names: [String] { Fault.all.map(\.name) }

    package static var markdown: String {
        var lines = ["| Fault | What it does | Seen | Probe | Result | Reason | Stage | Exit |", "|---|---|---|---|---|---|---|---|"]
        for fault in Fault.all {
            for (index, expectation) in fault.expectations.enumerated() {
                let isFirst = index == 0
                let result = expectation.resultType + (expectation.isWarning ? " (warning)" : "")
                let cells = [
                    isFirst ? "`\(fault.name)`" : "", isFirst ? fault.summary : "",
                    isFirst ? (fault.needsReload ? "after reload" : "at once") : "",
                    "`\(expectation.probe)`", result, "`\(expectation.reason)`", "`\(expectation.stage)`", "\(expectation.exitStatus)",
                ]
                lines.append("| " + cells.joined(separator: " | ") + " |")
            }
        }
        return lines.joined(separator: "\n")
    }
}

/// A fault and whether it is on, as the lab's control socket tells it.
package struct FaultStatus: Codable, Sendable {
    package var name: String
    package var summary: String
    package var isOn: Bool
    package var needsReload: Bool
}
