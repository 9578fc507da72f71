/// A named step of a run. The list is closed: dashboards and alerts lean on these names.
package enum Stage: String, Sendable, Hashable, Codable, CaseIterable {
    case config, certificate, resolve, connect, tls, metadata, token, endpoint, compare
}

/// How a stage ended.
package enum StageVerdict: String, Sendable, Hashable, Codable {
    case passed, warned, failed
    /// An earlier stage failed, or what the stage needs was not configured.
    case notRun = "not_run"
    /// The thing to judge could not be seen: neither right nor wrong.
    case notObserved = "not_observed"
}

/// One stage of one run, with its time and what it saw in one short line.
package struct StageRecord: Sendable, Hashable {
    package var stage: Stage
    package var verdict: StageVerdict
    package var duration: Duration
    package var detail: String

    package init(stage: Stage, verdict: StageVerdict, duration: Duration = .zero, detail: String = "") {
        self.stage = stage
        self.verdict = verdict
        self.duration = duration
        self.detail = detail
    }
}
