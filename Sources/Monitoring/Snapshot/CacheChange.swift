package import Probing

/// Receives every change of the cache, in order and synchronously: implementations must return quickly and must not block.
package protocol ResultObserver: Sendable {
    func changed(_ change: CacheChange)
}

/// A change of the cache or of decisions.
package enum CacheChange: Sendable {
    /// The plan is in use from now on.
    case adopted(Plan)
    /// A probe was created, has a new result, or one of its monitors has changed; carries its complete state.
    case updated(ProbeState)
    /// A run has ended.
    case ran(ProbeResult)
    /// A monitor's state has changed.
    case moved(Transition)
    /// The alert of an episode is due.
    case escalated(Episode)
    /// An override, maintenance or acknowledgement started or ended.
    case decided
    /// A probe was removed.
    case removed(ProbeKey)
}
