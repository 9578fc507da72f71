package import FoundationEssentials

/// Runs a probe once (retries included) within its time and makes the result.
///
/// A run has `timeout`; a little later it is cancelled; whether it answers then or not, the result is there within the same second. One that
/// has not ended `grace` after its cancellation is poisoned and left behind.
package final class ProbeRunner: Sendable {
    /// What a run came to.
    struct Ended: Sendable {
        var result: ProbeResult
        /// The run itself, where it has not answered.
        var late: LateRun?
    }

    private let time: any TimeSource
    private let grace: Duration
    private let watch: RunWatch

    /// What a kind may need, after its own deadline, to say at which stage it ran out.
    private static let margin: Duration = .milliseconds(250)

    package init(time: any TimeSource, grace: Duration = .seconds(2)) {
        self.time = time
        self.grace = grace
        watch = RunWatch(time: time, grace: grace)
    }

    /// - Returns: the result, or nil when the calling task was cancelled: a run cut short by a shutdown is no result.
    package func run(
        _ probe: any Probe, key: ProbeKey, kind: String, retries: Int, timeout: Duration, at date: Date? = nil, isRehearsal: Bool = false
    ) async -> ProbeResult? {
        await end(probe, key: key, kind: kind, retries: retries, timeout: timeout, at: date, isRehearsal: isRehearsal)?.result
    }

    /// As `run`; also tells of a run that has not answered.
    func end(
        _ probe: any Probe, key: ProbeKey, kind: String, retries: Int, timeout: Duration, at date: Date? = nil, isRehearsal: Bool = false
    ) async -> Ended? {
        let start = time.now
        let began = time.elapsed
        let end = began + timeout
        var attempt = 0
        while true {
            let context = RunContext(date: date ?? time.now, deadline: end - time.elapsed, isRehearsal: isRehearsal, time: time)
            let ending = await watch.run(until: end + Self.margin) { await probe.run(context) }
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

    /// Waits for what becomes of a run that has not answered.
    /// - Returns: a further result where it is poisoned.
    func poisoning(_ late: LateRun, after result: ProbeResult) async -> ProbeResult? {
        guard await late.isPoisoned() else { return nil }
        var outcome = Outcome()
        outcome.findings = [
            Finding(
                .failure, stage: .config, reason: .probePoisoned,
                sentence: "the run was told to end after \(DurationText.format(result.duration)) and goes on")
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
            sentence: "the run was not over after \(DurationText.format(timeout))")
        outcome.findings.insert(finding, at: 0)
        return outcome
    }
}
