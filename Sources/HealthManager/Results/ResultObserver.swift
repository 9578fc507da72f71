/// Told of every change of the cache, in order, while the change is made: what it does must be short and never wait.
package protocol ResultObserver: Sendable {
    func changed(_ change: CacheChange)
}

package enum CacheChange: Sendable {
    /// This plan is in force from now on.
    case adopted(Plan)
    /// A probe exists now, or has a new result; carries its whole state.
    case updated(ProbeState)
    /// A probe exists no more.
    case removed(ProbeKey)
}
