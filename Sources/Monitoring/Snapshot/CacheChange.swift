package import FoundationEssentials
package import Probing

/// Receives every change of the cache, in order and synchronously: implementations must return quickly and must not block.
package protocol ResultObserver: Sendable {
    func changed(_ change: CacheChange)
}

/// A change of the cache or of decisions. The journal has recorded it before any observer receives it.
package enum CacheChange: Sendable {
    /// The plan is in use from now on.
    case adopted(Plan)
    /// A probe was created, has a new result, or one of its monitors has changed; carries its complete state.
    case updated(ProbeState)
    /// A run has ended; carries its result in the `slim` form.
    case ran(ProbeResult)
    /// A monitor's state has changed.
    case moved(Transition)
    /// The alert of an episode is due.
    case escalated(Episode)
    /// An override, maintenance or acknowledgement started or ended.
    case decided
    /// These overrides and this maintenance have expired.
    case expired(overrides: [Override], maintenance: [Maintenance], at: Date)
    /// A probe was removed.
    case removed(ProbeKey)
}

extension CacheChange {
    /// What the journal keeps of the change, in order.
    package var entries: [JournalEntry] {
        switch self {
        case .ran(let result): [.result(result)]
        case .moved(let transition):
            (transition.episode.map { [.episode($0)] } ?? []) + [.transition(TransitionRecord(transition))]
        case .escalated(let episode): [.episode(episode)]
        case .expired(let overrides, let maintenance, let date):
            overrides.map { .overrideEnded($0, at: date, why: "expired") }
                + maintenance.map { .maintenanceEnded($0, at: date, why: "expired") }
        case .adopted, .updated, .decided, .removed: []
        }
    }
}
