package import FoundationEssentials

/// All that is known of one defined probe: what it is, when it runs, its latest result.
///
/// There may be a hundred thousand of them: it holds nothing that nobody reads.
package struct ProbeState: Sendable {
    package let key: ProbeKey
    package internal(set) var definition: ProbeDefinition
    /// Nil until the first run since the cache was cleared has ended. Certificates in it are without their bytes.
    package private(set) var latest: ProbeResult?
    package private(set) var lastSuccess: Date?
    /// Runs since the agent started, by type; they outlive a restart of the cache, as counters must.
    package internal(set) var runs = RunCounts()
    /// In the order of the definition.
    package internal(set) var monitors: [MonitorStatus] = []
    /// The planned start of the next scheduled run, on the wall clock.
    package internal(set) var nextRun: Date?

    package init(key: ProbeKey, definition: ProbeDefinition) {
        self.key = key
        self.definition = definition
    }

    package mutating func record(_ result: ProbeResult) {
        latest = result.slim
        if result.type == .succeeded { lastSuccess = result.end }
        runs[result.type] += 1
    }
}

/// How many runs ended in each type.
package struct RunCounts: Sendable, Hashable {
    /// By the type's number; inline, where a dictionary would cost each probe an allocation.
    private var counts = SIMD8<UInt32>()

    package init() {}

    package subscript(type: ResultType) -> Int {
        get { Int(counts[type.rawValue]) }
        set { counts[type.rawValue] = UInt32(truncatingIfNeeded: newValue) }
    }
}
