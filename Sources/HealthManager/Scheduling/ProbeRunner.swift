package import Concurrency
package import FoundationEssentials
package import Probing

/// Runs a probe once, including retries, within its timeout, and creates the result.
///
/// A run is cancelled shortly after `timeout`, and the result is returned within a second whether or not the run then ends. A run that has
/// not ended `grace` after its cancellation is Poisoned and abandoned.
package final class ProbeRunner: Sendable {
    /// The end of a run.
    struct Ended: Sendable {
        var result: ProbeResult
        /// The run itself, if it did not end when it was cancelled; otherwise nil.
        var late: LateRun?
    }

    private let time: any TimeSource
    private let grace: Duration
    private let watch: RunWatch

    /// Time given to a kind after its deadline, to report the stage that timed out.
    private static let margin: Duration = .milliseconds(250)

    /// - Parameter grace: how long after its cancellation a run may continue before it counts as Poisoned.
    package init(time: any TimeSource, grace: Duration = .seconds(2)) {
        self.time = time
        self.grace = grace
        watch = RunWatch(time: time, grace: grace)
    }

    /// - Parameters:
    ///   - date: the date at which validity is judged; nil means the date of each attempt.
    ///   - client: who waits for the result; nil: nobody who could stop waiting.
    /// - Returns: the result; nil if the calling task was cancelled, or the client left: such a run has no result.
    package func run(
        _ probe: any Probe, key: ProbeKey, kind: String, retries: Int, timeout: Duration, at date: Date? = nil, isRehearsal: Bool = false,
        client: Abandonment? = nil
    ) async -> ProbeResult? {
        await end(probe, key: key, kind: kind, retries: retries, timeout: timeout, at: date, isRehearsal: isRehearsal, client: client)?
            .result
    }

    /// Like `run`, but also returns a run that did not end when it was cancelled.
    /// - Parameter planned: the scheduled run, for `abandon`; nil for a run on request.
    func end(
        _ probe: any Probe, key: ProbeKey, kind: String, retries: Int, timeout: Duration, at date: Date? = nil, isRehearsal: Bool = false,
        planned: PlannedRun? = nil, client: Abandonment? = nil
    ) async -> Ended? {
        let start = time.now
        let began = time.elapsed
        let end = began + timeout
        var attempt = 0
        while true {
            let context = RunContext(date: date ?? time.now, deadline: end - time.elapsed, isRehearsal: isRehearsal, time: time)
            let ending = await watch.run(until: end + Self.margin, planned: planned, client: client) { await probe.run(context) }
            guard !Task.isCancelled, let (type, outcome, late) = judge(ending, timeout: timeout) else { return nil }
            let mayRetry = attempt < retries && [.failed, .timeout].contains(type) && time.elapsed < end
            if mayRetry {
                attempt += 1
                continue
            }
            let duration = time.elapsed - began
            let result = ProbeResult(
                key: key, kind: kind, start: start,
                end: start.addingTimeInterval(duration.seconds), duration: duration, type: type, outcome: outcome, retryCount: attempt)
            return Ended(result: result, late: late)
        }
    }

    /// Cancels the scheduled runs that nobody needs any more, which then have no result: they would occupy the places of others.
    func abandon(where isUnneeded: (PlannedRun) -> Bool) { watch.abandon(where: isUnneeded) }

    /// Waits until a late run ends or becomes Poisoned.
    /// - Returns: the additional result of a Poisoned run; otherwise nil.
    func poisoning(_ late: LateRun, after result: ProbeResult) async -> ProbeResult? {
        guard await late.isPoisoned() else { return nil }
        var outcome = Outcome()
        outcome.findings = [
            Finding(
                .failure, stage: .config, reason: .probePoisoned,
                sentence: "the run was cancelled after \(DurationText.format(result.duration)) and is still running")
        ]
        return ProbeResult(
            key: result.key, kind: result.kind, start: result.start, end: result.end.addingTimeInterval(grace.seconds),
            duration: result.duration + grace, type: .poisoned, outcome: outcome, retryCount: result.retryCount)
    }

    private func judge(_ ending: RunWatch.Ending, timeout: Duration) -> (ResultType, Outcome, LateRun?)? {
        switch ending {
        case .finished(let outcome): return (outcome.resultType, outcome, nil)
        case .overran(let outcome): return (.timeout, Self.overrun(outcome, timeout), nil)
        case .unanswered(let late): return (.timeout, Self.overrun(Outcome(), timeout), late)
        case .abandoned: return nil
        }
    }

    private static func overrun(_ outcome: Outcome, _ timeout: Duration) -> Outcome {
        guard outcome.resultType != .timeout else { return outcome }
        var outcome = outcome
        let finding = Finding(
            .failure, stage: outcome.stages.last?.stage ?? .config, reason: .timeout,
            sentence: "the run did not complete within \(DurationText.format(timeout))")
        outcome.findings.insert(finding, at: 0)
        return outcome
    }
}
