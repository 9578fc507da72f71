import FoundationEssentials
import Monitoring
import Probing

/// The metrics of `/metrics` alone that no kind measures itself.
extension MetricDefinition {
    static let runs = MetricDefinition("health_probe_runs_total", "Number of runs by result type.", .scheduled)
    private static let judged = MetricDefinition(
        "health_probe_judged",
        "1 if the last run reached a verdict, 0 if it could not run or could not judge; health_probe_success is then absent.", .scheduled)
    private static let interval = MetricDefinition("health_probe_interval_seconds", "Configured interval between runs.", .scheduled)
    private static let sampleValue = MetricDefinition(
        "health_probe_sample_value", "Value measured by the last run; its meaning depends on the probe.", .scheduled)
    private static let lastRun = MetricDefinition("health_probe_last_run_timestamp_seconds", "Time the last run ended.", .scheduled)
    private static let lastSuccess = MetricDefinition(
        "health_probe_last_success_timestamp_seconds", "Time the last successful run ended.", .scheduled)
    private static let earliestExpiry = MetricDefinition(
        "health_probe_earliest_certificate_expiry_timestamp_seconds",
        "Earliest notAfter in the certificate chain presented by the peer, even if it failed verification.", .scheduled)
    private static let monitorState = MetricDefinition(
        "health_monitor_state", "State of the monitor: 0 Healthy, 1 Degraded, 2 Unhealthy, 3 Repairing, 4 Disabled, 5 Unknown.", .scheduled)

    /// All samples of a scheduled probe but the counters of runs that are zero.
    fileprivate static func measurements(of state: ProbeState) -> [Measurement] {
        var all: [Measurement] = []
        all.reserveCapacity(32)
        all.append(interval(state.definition.every))
        for type in ResultType.allCases where state.runs[type] > 0 {
            all.append(runs(Double(state.runs[type]), [("result_type", type.name)]))
        }
        for monitor in state.monitors { all.append(monitorState(Double(monitor.state.rawValue), [("monitor", monitor.key.name)])) }
        guard let result = state.latest else { return all }
        let isJudged = ![.rejected, .quarantined].contains(result.type)
        if isJudged { all.append(success(result.type == .succeeded)) }
        all.append(judged(isJudged))
        all.append(lastRun(result.end))
        if let date = state.lastSuccess { all.append(lastSuccess(date)) }
        if let sample = result.outcome.sampleValue { all.append(sampleValue(sample)) }
        if let earliest = result.outcome.earliestExpiry { all.append(earliestExpiry(earliest)) }
        measure(result, into: &all)
        return all
    }
}

extension ProbeState {
    var measurements: [Measurement] { MetricDefinition.measurements(of: self) }
}
