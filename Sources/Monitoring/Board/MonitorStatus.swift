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
    /// How often the open episode's problem began within the period of flap detection before the latest run; nil if not often enough to be
    /// flapping.
    package var recurrences: Int?
    /// How far a problem that is no episode yet is from being one; nil if the latest run that could judge shows none.
    package var progress: RuleProgress?
    /// When that problem began, on the wall clock; nil without `progress`.
    package var pendingSince: Date?
    /// The open episode; nil if there is none.
    package var episode: Episode?

    /// For alerts: `it began 5 times within 1h`; nil unless `recurrences` says so.
    package var flapping: String? {
        recurrences.map { "it began \($0) times within \(DurationText.format(definition.flapping.within))" }
    }
}

/// A monitor's change of state; `status` is the new one.
package struct Transition: Sendable {
    package let before: HealthState
    package let status: MonitorStatus
    /// The episode it belongs to, including one that it ended; nil if there is none.
    package let episode: Episode?

    package var at: Date { status.since }
}
