import Glibc
import HealthManager
import Synchronization

/// Ends a command that takes too long, with all it has started: by way of its supervisor.
final class CommandWatch: Sendable {
    enum Ending: Sendable {
        case terminated, killed
        /// With the agent.
        case stopped
    }

    private struct State {
        /// The supervisor's process; nil before it runs and once it has been taken leave of.
        var supervisor: pid_t?
        var ending: Ending?
        /// What could not be sent yet: the time was over before the command had begun.
        var owed: Int32?
        var hasBegun = false
        var isOver = false
    }

    private let time: any TimeSource
    private let state = Mutex(State())

    init(time: any TimeSource) { self.time = time }

    /// What was done to it; nil where it ended by itself.
    var ending: Ending? { state.withLock(\.ending) }

    func began(_ supervisor: pid_t) {
        state.withLock { state in
            state.supervisor = supervisor
            state.hasBegun = true
            if let owed = state.owed { kill(supervisor, owed) }
        }
    }

    /// Whether there was a supervisor: the command may have done what it is for.
    var hasBegun: Bool { state.withLock(\.hasBegun) }

    /// Waits for the time limit, asks the command's group to end, and kills all of it after the grace. Cancelled, it kills at once.
    func run(until limit: Duration, grace: Duration) async {
        do {
            try await time.sleep(until: limit)
            signal(SIGTERM, .terminated)
            try await time.sleep(until: limit + grace)
            signal(CommandSupervisor.stop, .killed)
        } catch {
            signal(CommandSupervisor.stop, .stopped)
        }
    }

    /// The supervisor has ended, and with it all that the command has started.
    func ended() {
        state.withLock { state in
            state.supervisor = nil
            state.isOver = true
        }
    }

    /// Whether the supervisor has ended, though what it may not kill may still hold the command's streams.
    var hasEnded: Bool {
        guard let supervisor = state.withLock(\.supervisor) else { return true }
        var information = siginfo_t()
        guard waitid(P_PID, id_t(supervisor), &information, WEXITED | WNOHANG | WNOWAIT) == 0 else { return true }
        return information.si_signo != 0
    }

    private func signal(_ signal: Int32, _ ending: Ending) {
        state.withLock { state in
            guard !state.isOver else { return }
            state.ending = ending
            if let supervisor = state.supervisor { kill(supervisor, signal) } else { state.owed = signal }
        }
    }
}
