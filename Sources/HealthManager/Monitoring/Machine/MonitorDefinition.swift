/// A monitor as a probe's definition writes it: what is wrong, how bad that is, and how long it may be so unnoticed.
package struct MonitorDefinition: Sendable, Hashable {
    package enum Severity: String, Sendable, Hashable, Codable, CaseIterable { case critical, warning }

    /// When episodes follow each other too fast: from then on one episode lasts until all has been well for a while.
    package struct Flapping: Sendable, Hashable {
        package var episodes = 3
        package var within: Duration = .seconds(3600)
        package var steadyFor: Duration = .seconds(900)

        package init() {}
    }

    package var name: String
    package var rule: MonitorRule
    package var severity: Severity = .critical
    /// How long an episode is Degraded before it is Unhealthy.
    package var degradedFor: Duration = .seconds(60)
    package var flapping = Flapping()
    package var isEnabled = true

    package init(name: String, rule: MonitorRule) {
        self.name = name
        self.rule = rule
    }
}
