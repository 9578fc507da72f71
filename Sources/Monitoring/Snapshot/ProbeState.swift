package import FoundationEssentials
package import Probing

/// The state of one probe instance: its definition, latest result, monitors and next run.
///
/// There may be a hundred thousand of them, so it holds only what is used.
package struct ProbeState: Sendable {
    package let key: ProbeKey
    package var definition: ProbeDefinition
    /// Nil until the first run since the cache was cleared has ended. In its `slim` form.
    package private(set) var latest: ProbeResult?
    package private(set) var lastSuccess: Date?
    /// Runs since the agent started, by result type. Not reset when the cache is cleared, because they are exported as counters.
    package var runs = RunCounts()
    /// Findings about files since the agent started, by reason. Not reset either.
    package private(set) var fileFindings: [Reason: Int] = [:]
    /// In the order they are defined.
    package var monitors: [MonitorStatus] = []
    /// The planned start of the next scheduled run, on the wall clock.
    package var nextRun: Date?

    package init(key: ProbeKey, definition: ProbeDefinition) {
        self.key = key
        self.definition = definition
    }

    /// Makes a result the latest one and counts it.
    /// - Parameter result: in its `slim` form.
    package mutating func record(_ result: ProbeResult) {
        latest = result
        if result.type == .succeeded { lastSuccess = result.end }
        runs[result.type] += 1
        for finding in result.outcome.findings where finding.stage == .file { fileFindings[finding.reason, default: 0] += 1 }
    }
}

/// The number of runs by result type.
package struct RunCounts: Sendable {
    /// By raw value of the type, which begins at 1; inline, because there is one of these for every probe.
    private var counts = InlineArray<6, UInt32>(repeating: 0)

    package init() {}

    package subscript(type: ResultType) -> Int {
        get { Int(counts[type.rawValue - 1]) }
        set { counts[type.rawValue - 1] = UInt32(truncatingIfNeeded: newValue) }
    }
}
