package import FoundationEssentials

/// One monitor as others see it.
package struct MonitorStatus: Sendable, Hashable {
    package let key: MonitorKey
    package internal(set) var definition: MonitorDefinition
    package internal(set) var state: HealthState
    /// When that state began, on the wall clock.
    package internal(set) var since: Date
    package internal(set) var isFlapping = false
    /// The episode under way, if there is one.
    package internal(set) var episode: Episode?
}

/// A change of a monitor's state.
package struct Transition: Sendable {
    package let before: HealthState
    package let status: MonitorStatus
    /// The episode it belongs to, also where it has just ended.
    package let episode: Episode?

    package var at: Date { status.since }
}
