package import FoundationEssentials

/// Runs a probe once (retries included) within its time and makes the result.
///
/// A run has `timeout`; a little later it is cancelled; one that has not ended `grace` after that is poisoned and left behind.
package struct ProbeRunner: Sendable {
    private let time: any TimeSource
    private let grace: Duration

    /// What a kind may need, after its own deadline, to say at which stage it ran out.
    private static let margin: Duration = .milliseconds(250)

    package init(time: any TimeSource, grace: Duration = .seconds(2)) {
        self.time = time
        self.grace = grace
    }

    /// - Returns: the result, or nil when the calling task was cancelled: a run cut short by a shutdown is no result.
    package func run(
        _ probe: any Probe, key: ProbeKey, kind: String, retries: Int, timeout: Duration, at date: Date? = nil, isRehearsal: Bool = false
    ) async -> ProbeResult? {
        let start = time.now
        let began = time.elapsed
        let end = began + timeout
        var attempt = 0
        while true {
            let context = RunContext(date: date ?? time.now, deadline: end - time.elapsed, isRehearsal: isRehearsal, time: time)
            let (type, outcome) = judge(await contain(probe, context, until: end + Self.margin), timeout: timeout)
            guard !Task.isCancelled else { return nil }
            let mayRetry = attempt < retries && [.failed, .timeout].contains(type) && time.elapsed < end
            if mayRetry {
                attempt += 1
                continue
            }
            let duration = time.elapsed - began
            return ProbeResult(
                key: key, kind: kind, requestID: UUID().uuidString.lowercased(), start: start,
                end: start.addingTimeInterval(duration.seconds), duration: duration, type: type, outcome: outcome, retryCount: attempt)
        }
    }

    private enum Ending: Sendable {
        case finished(Outcome)
        /// It ended, but only because it was cancelled.
        case overran(Outcome)
        case poisoned
    }

    private func contain(_ probe: any Probe, _ context: RunContext, until limit: Duration) async -> Ending {
        let (outcomes, finished) = AsyncStream.makeStream(of: Outcome.self)
        // The one unstructured task of the house: a run that ignores cancellation can only be left behind, and no
        // structured child can be left behind.
        let run = Task {
            finished.yield(await probe.run(context))
            finished.finish()
        }
        return await withTaskCancellationHandler {
            await withTaskGroup(of: Outcome?.self) { race in
                race.addTask {
                    for await outcome in outcomes { return outcome }
                    return nil
                }
                race.addTask {
                    guard (try? await time.sleep(until: limit)) != nil else { return nil }
                    run.cancel()
                    try? await time.sleep(until: limit + grace)
                    return nil
                }
                let first = await race.next() ?? nil
                race.cancelAll()
                guard let outcome = first else { return .poisoned }
                return run.isCancelled ? .overran(outcome) : .finished(outcome)
            }
        } onCancel: {
            run.cancel()
        }
    }

    private func judge(_ ending: Ending, timeout: Duration) -> (ResultType, Outcome) {
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
