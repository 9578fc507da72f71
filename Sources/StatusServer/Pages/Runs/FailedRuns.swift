import Probing

/// The latest runs that did not succeed, as they were. The latest run of each probe is in the cache anyway.
struct FailedRuns: Sendable {
    private static let mostEach = 10
    private static let mostProbes = 100

    private var runs: [ProbeKey: [ProbeResult]] = [:]
    /// Of the probes above, the one that has been there longest first.
    private var order: [ProbeKey] = []

    /// Keeps a result, unless it succeeded.
    mutating func add(_ result: ProbeResult) {
        guard result.type != .succeeded else { return }
        if runs[result.key] == nil {
            if order.count >= Self.mostProbes { runs[order.removeFirst()] = nil }
            order.append(result.key)
        }
        var own = runs.removeValue(forKey: result.key) ?? []
        if own.count >= Self.mostEach { own.removeFirst() }
        own.append(result)
        runs[result.key] = own
    }

    /// The oldest first.
    func of(_ key: ProbeKey) -> [ProbeResult] { runs[key] ?? [] }

    /// Nil if it is not kept.
    func run(_ id: RequestID) -> ProbeResult? {
        for own in runs.values { if let result = own.first(where: { $0.requestID == id }) { return result } }
        return nil
    }
}
