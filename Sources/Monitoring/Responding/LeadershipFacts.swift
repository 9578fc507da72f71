/// Whether this agent runs responders, where a lock file decides it.
package struct LeadershipFacts: Sendable, Hashable {
    /// The lock file.
    package var path: String
    package var isLeader = false
    /// Whether the lock has been looked at since the start.
    package var isKnown = true
    /// The machine and process of the agent that holds the lock; empty if it is not known.
    package var holder = ""
    /// Why the lock cannot be used, as a sentence; nil if it can.
    package var problem: String?

    package init(path: String) { self.path = path }

    package var sentence: String {
        guard isKnown else {
            return "Whether webhooks and commands are run by this agent is not known yet: it has not looked at \(path) so far."
        }
        if isLeader { return "Webhooks and commands are run by this agent, which holds \(path)." }
        if let problem { return "Webhooks and commands are not run by this agent: \(problem)" }
        return "Webhooks and commands are run by another agent\(holder.isEmpty ? "" : " (\(holder))"), which holds \(path)."
    }
}
