/// A named step of a run. The list is closed: dashboards and alerts depend on these names.
package enum Stage: String, Sendable, Hashable, Codable, CaseIterable {
    case config, certificate, resolve, connect, tls, metadata, token, endpoint, compare
    /// Of certificate files.
    case file
    /// Of hybrid readiness.
    case features, application, override, ews, graph
    /// Of mail flow.
    case mailbox, submission, delivery, removal
}

/// How a stage ended.
package enum StageVerdict: String, Sendable, Hashable, Codable {
    case passed, warned, failed
    /// An earlier stage failed, or the stage's prerequisites are not configured.
    case notRun = "not_run"
    /// There was nothing to judge: neither passed nor failed.
    case notObserved = "not_observed"
}

/// One stage of one run: its verdict, its duration, and a one-line detail.
package struct StageRecord: Sendable, Hashable {
    package var stage: Stage
    package var verdict: StageVerdict
    private var time: CompactDuration
    package var detail: String

    package init(stage: Stage, verdict: StageVerdict, duration: Duration = .zero, detail: String = "") {
        self.stage = stage
        self.verdict = verdict
        time = CompactDuration(duration)
        self.detail = detail
    }

    package var duration: Duration {
        get { time.duration }
        set { time = CompactDuration(newValue) }
    }
}
