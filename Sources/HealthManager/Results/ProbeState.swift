package import FoundationEssentials

/// All that is known of one defined probe: what it is, when it runs, its latest result and the last few.
package struct ProbeState: Sendable {
    package let key: ProbeKey
    package let definition: ProbeDefinition
    /// Nil until the first run since the cache was cleared has ended.
    package var latest: ProbeResult?
    /// Newest first, at most `recentLimit`.
    package var recent: [ProbeResult] = []
    package var lastSuccess: Date?
    /// Runs since the agent started, by type; they outlive a restart of the cache, as counters must.
    package var runs: [ResultType: Int] = [:]
    /// The planned start of the next scheduled run, on the wall clock.
    package var nextRun: Date?

    package static let recentLimit = 10

    package init(key: ProbeKey, definition: ProbeDefinition) {
        self.key = key
        self.definition = definition
    }

    package mutating func record(_ result: ProbeResult) {
        latest = result
        recent.insert(result, at: 0)
        if recent.count > Self.recentLimit { recent.removeLast() }
        if result.type == .succeeded { lastSuccess = result.end }
        runs[result.type, default: 0] += 1
    }

    package mutating func forget() {
        latest = nil
        recent = []
        lastSuccess = nil
    }
}
