/// Told of every change of the cache, in order, while the change is made: what it does must be short and never wait.
package protocol ResultObserver: Sendable {
    func changed(_ change: CacheChange)
}

package enum CacheChange: Sendable {
    /// This plan is in force from now on.
    case adopted(Plan)
    /// A probe exists now, has a new result, or a monitor of it has changed; carries its whole state.
    case updated(ProbeState)
    /// A run has ended.
    case ran(ProbeResult)
    /// A monitor's state has changed.
    case moved(Transition)
    /// The alert of an episode is due.
    case escalated(Episode)
    /// An override, a maintenance or an acknowledgement began or ended.
    case decided
    /// A probe exists no more.
    case removed(ProbeKey)
}
