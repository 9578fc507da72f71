package import FoundationEssentials
import Synchronization

/// Runs a probe once (retries included) within its time and makes the result.
///
/// A run has `timeout`; a little later it is cancelled; one that has not ended `grace` after that is poisoned and left behind.
package final class ProbeRunner: Sendable {
    private let time: any TimeSource
    private let watch: RunWatch

    /// What a kind may need, after its own deadline, to say at which stage it ran out.
    private static let margin: Duration = .milliseconds(250)

    package init(time: any TimeSource, grace: Duration = .seconds(2)) {
        self.time = time
        watch = RunWatch(time: time, grace: grace)
    }

    /// - Parameter executor: where the run's own work is done; nil is the common pool.
    /// - Returns: the result, or nil when the calling task was cancelled: a run cut short by a shutdown is no result.
    package func run(
        _ probe: any Probe, key: ProbeKey, kind: String, retries: Int, timeout: Duration, at date: Date? = nil, isRehearsal: Bool = false,
        on executor: (any TaskExecutor)? = nil
    ) async -> ProbeResult? {
        let start = time.now
        let began = time.elapsed
        let end = began + timeout
        var attempt = 0
        while true {
            let context = RunContext(date: date ?? time.now, deadline: end - time.elapsed, isRehearsal: isRehearsal, time: time)
            let ending = await watch.run(until: end + Self.margin, on: executor) { await probe.run(context) }
            let (type, outcome) = judge(ending, timeout: timeout)
            guard !Task.isCancelled else { return nil }
            let mayRetry = attempt < retries && [.failed, .timeout].contains(type) && time.elapsed < end
            if mayRetry {
                attempt += 1
                continue
            }
            let duration = time.elapsed - began
            return ProbeResult(
                key: key, kind: kind, start: start,
                end: start.addingTimeInterval(duration.seconds), duration: duration, type: type, outcome: outcome, retryCount: attempt)
        }
    }

    private func judge(_ ending: RunWatch.Ending, timeout: Duration) -> (ResultType, Outcome) {
        switch ending {
        case .finished(let outcome): return (outcome.resultType, outcome)
        case .overran(var outcome):
            if outcome.resultType != .timeout {
                let finding = Finding(
                    .failure, stage: outcome.stages.last?.stage ?? .config, reason: .timeout,
                    sentence: "the run was not over after \(DurationText.format(timeout))")
                outcome.findings.insert(finding, at: 0)
            }
            return (.timeout, outcome)
        case .poisoned:
            var outcome = Outcome()
            outcome.findings = [
                Finding(
                    .failure, stage: .config, reason: .probePoisoned,
                    sentence: "the run did not stop when its \(DurationText.format(timeout)) were over")
            ]
            return (.poisoned, outcome)
        }
    }
}
