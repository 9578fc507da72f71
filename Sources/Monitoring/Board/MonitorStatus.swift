package import FoundationEssentials
package import Probing

/// The current status of one monitor.
package struct MonitorStatus: Sendable, Hashable {
    package let key: MonitorKey
    package var definition: MonitorDefinition
    package var state: HealthState
    /// When the current state began, on the wall clock.
    package var since: Date
    package var isFlapping = false
    /// How far a problem that is no episode yet is from being one; nil if the latest run that could judge shows none.
    package var progress: RuleProgress?
    /// When that problem began, on the wall clock; nil without `progress`.
    package var pendingSince: Date?
    /// The open episode; nil if there is none.
    package var episode: Episode?
}

/// A monitor's change of state; `status` is the new one.
package struct Transition: Sendable {
    package let before: HealthState
    package let status: MonitorStatus
    /// The episode it belongs to, including one that it ended; nil if there is none.
    package let episode: Episode?

    package var at: Date { status.since }
}
