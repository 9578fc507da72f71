/// A monitor as defined beside its probe: the rule that detects a problem, its severity, and when it escalates.
package struct MonitorDefinition: Sendable, Hashable {
    /// The label `severity` of its alerts.
    package enum Severity: String, Sendable, Hashable, Codable, CaseIterable { case critical, warning }

    /// Flap detection: after `episodes` episodes within `within`, one episode stays open until the rule has not matched for `steadyFor`.
    package struct Flapping: Sendable, Hashable {
        package var episodes = 3
        package var within: Duration = .seconds(3600)
        package var steadyFor: Duration = .seconds(900)

        package init() {}
    }

    package var name: String
    package var rule: MonitorRule
    package var severity: Severity = .critical
    /// How long an episode stays Degraded before it becomes Unhealthy.
    package var degradedFor: Duration = .seconds(60)
    package var flapping = Flapping()
    package var isEnabled = true

    package init(name: String, rule: MonitorRule) {
        self.name = name
        self.rule = rule
    }
}
