/// The documentation of a kind, for `agent explain` and option checks.
package struct KindGuide: Sendable {
    /// One option of the kind, with its description.
    package struct Option: Sendable {
        package var name: String
        package var summary: String
        /// Whether `--set` may change it through a running agent: false for a URL, host, path, file, header or credential.
        package var settableThroughAgent: Bool

        package init(_ name: String, _ summary: String, settableThroughAgent: Bool) {
            self.name = name
            self.summary = summary
            self.settableThroughAgent = settableThroughAgent
        }
    }

    /// One paragraph per check, in the order they run.
    package var checks: [String]
    package var stages: [Stage]
    /// The metrics that a run may measure, in addition to those of every kind: of the run, and of the certificates that a peer presented.
    package var metrics: [MetricDefinition]
    /// Every reason a result of this kind can have.
    package var reasons: [Reason]
    package var options: [Option]

    package init(checks: [String], stages: [Stage], metrics: [MetricDefinition] = [], reasons: [Reason], options: [Option] = []) {
        self.checks = checks
        self.stages = stages
        self.metrics = metrics
        self.reasons = reasons
        self.options = options
    }
}
