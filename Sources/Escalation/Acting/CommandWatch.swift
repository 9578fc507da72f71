import Glibc
import HealthManager
import Synchronization

/// Ends a command that takes too long, with all it has started in its session.
final class CommandWatch: Sendable {
    enum Ending: Sendable {
        case terminated, killed
        /// With the agent.
        case stopped
    }

    private struct State {
        /// The command's process, which leads its own session and group; nil before it runs and once it has been taken leave of.
        var leader: pid_t?
        var ending: Ending?
        /// What could not be sent yet: the time was over before the command had begun.
        var owed: Int32?
        var isOver = false
    }

    private let time: any TimeSource
    private let state = Mutex(State())

    init(time: any TimeSource) { self.time = time }

    /// What was done to it; nil where it ended by itself.
    var ending: Ending? { state.withLock(\.ending) }

    func began(_ leader: pid_t) {
        state.withLock { state in
            state.leader = leader
            if let owed = state.owed { kill(-leader, owed) }
        }
    }

    /// Waits for the time limit, asks the group to end, and kills it after the grace. Cancelled, it kills at once.
    func run(until limit: Duration, grace: Duration) async {
        do {
            try await time.sleep(until: limit)
            signal(SIGTERM, .terminated)
            try await time.sleep(until: limit + grace)
            signal(SIGKILL, .killed)
        } catch {
            signal(SIGKILL, .stopped)
        }
    }

    /// The command has ended: what it has left running ends too.
    ///
    /// A group that still has members keeps its number from being given to others, and one without has just lost it.
    func ended() {
        state.withLock { state in
            if let leader = state.leader { kill(-leader, SIGKILL) }
            state.leader = nil
            state.isOver = true
        }
    }

    /// Whether the command's own process has ended, though others may still hold its streams.
    var hasEnded: Bool {
        guard let leader = state.withLock(\.leader) else { return true }
        var information = siginfo_t()
        guard waitid(P_PID, id_t(leader), &information, WEXITED | WNOHANG | WNOWAIT) == 0 else { return true }
        return information.si_signo != 0
    }

    private func signal(_ signal: Int32, _ ending: Ending) {
        state.withLock { state in
            guard !state.isOver else { return }
            state.ending = ending
            if let leader = state.leader { kill(-leader, signal) } else { state.owed = signal }
        }
    }
}
